//! `quadrille accounts`: the first admin of a shop, whom no request can make.

use std::io::IsTerminal;

use anyhow::{Context, ensure};
use auth::{Auth, Role, Seeded};
use clap::{Args, Subcommand, ValueEnum};
use host::Service;
use service::config::MongoSettings;

use crate::connection::ConnectionArgs;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Open an account; the only way to an admin's. The password comes from `QUADRILLE_ADMIN_PASSWORD`, or is
    /// the first line of the input
    Add(AddArgs),
}

/// Whose account.
#[derive(Debug, Clone, Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The e-mail address
    email: String,
    /// What the account may do
    #[arg(long, value_enum)]
    role: RoleName,
}

/// A role as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Looks after catalogue, orders and operations
    Admin,
    /// Places orders
    User,
}

/// The variable that may hold the password. Not a flag: a command line is seen by everybody on the
/// machine.
pub(crate) const PASSWORD: &str = "QUADRILLE_ADMIN_PASSWORD";

/// Opens the account, and says so. One that is there with that role is left alone.
///
/// # Errors
/// When the address or the password is not taken, the address has an account with another role, or
/// MongoDB is out of reach.
pub(crate) async fn run(command: &AccountsCommand) -> anyhow::Result<()> {
    let AccountsCommand::Add(args) = command;
    let database = args.connection.database_name(Auth::NAME)?;
    let settings = MongoSettings::new(&args.connection.mongodb_uri()?, &database);
    let password = password(&args.email)?;
    let role = match args.role {
        RoleName::Admin => Role::Admin,
        RoleName::User => Role::User,
    };
    let (email, name) = (&args.email, role.as_str());
    match auth::seed_account(&settings, email, &password, role).await? {
        Seeded::Added => println!("{email} has an account with the role {name} now."),
        Seeded::Present => println!(
            "{email} has an account with the role {name} already; its password was left as it is."
        ),
    }
    Ok(())
}

fn password(email: &str) -> anyhow::Result<String> {
    if let Some(set) = std::env::var_os(PASSWORD) {
        let set = set.into_string();
        return set.map_err(|_| anyhow::anyhow!("{PASSWORD} is not a text"));
    }
    let line = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("Password of {email}: "))?;
        terminal.read_secure_line()?
    } else {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        read.context("the password can't be read from the input")?;
        line
    };
    // Spaces count, the end of the line does not.
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(
        !password.is_empty(),
        "no password: set {PASSWORD}, or give it as the first line of the input"
    );
    Ok(password.to_owned())
}
