//! What commands print, and readers that go away, as `head` does once it has its lines.
//!
//! The standard library's macros panic then. The ones here, which stand in their place in the whole
//! program, let the command go on without a word: what it is in the middle of (a restore, an exchange of
//! tables, the shop itself) is not left half done, and [`verdict`] tells the shell at the end. Dying of
//! SIGPIPE, as other tools do, is not for a program whose connections to servers may break at any time.

use std::fmt::Arguments;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// As the standard library's, without its panic.
macro_rules! print {
    ($($words:tt)*) => { $crate::output::out(::std::format_args!($($words)*)) };
}

/// As the standard library's, without its panic.
macro_rules! println {
    () => { $crate::output::out(::std::format_args!("\n")) };
    ($($words:tt)*) => {
        $crate::output::out(::std::format_args!("{}\n", ::std::format_args!($($words)*)))
    };
}

/// As the standard library's, without its panic.
macro_rules! eprintln {
    () => { $crate::output::err(::std::format_args!("\n")) };
    ($($words:tt)*) => {
        $crate::output::err(::std::format_args!("{}\n", ::std::format_args!($($words)*)))
    };
}

/// What a shell reports of a program that died of SIGPIPE: 128 and the signal's number.
const NOBODY_READS: u8 = 128 + 13;

/// Why the standard output takes no more.
static ENDED: OnceLock<io::Error> = OnceLock::new();

/// Prints to the standard output, as long as it takes anything.
pub(crate) fn out(text: Arguments<'_>) {
    if ENDED.get().is_some() {
        return;
    }
    if let Err(error) = io::stdout().lock().write_fmt(text) {
        ENDED.get_or_init(|| error);
    }
}

/// Prints to the standard error.
pub(crate) fn err(text: Arguments<'_>) {
    // There is no other place to say that this one is gone.
    let _ = io::stderr().lock().write_fmt(text);
}

/// The exit status of a command that would end with `status`: a result that nobody could read is no
/// success.
pub(crate) fn verdict(status: ExitCode) -> ExitCode {
    if ENDED.get().is_none()
        && let Err(error) = io::stdout().flush()
    {
        ENDED.get_or_init(|| error);
    }
    match ENDED.get() {
        None => status,
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            if status == ExitCode::SUCCESS {
                ExitCode::from(NOBODY_READS)
            } else {
                status
            }
        }
        Some(error) => {
            eprintln!("error: the output can't be written: {error}");
            ExitCode::FAILURE
        }
    }
}
