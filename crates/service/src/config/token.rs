//! Whose access tokens are accepted.

/// Whose access tokens are accepted.
#[derive(Debug, Clone, clap::Args)]
pub struct TokenSettings {
    /// Where the auth service publishes its keys
    #[arg(long, env = "QUADRILLE_JWKS_URL", value_name = "URL", default_value = TokenSettings::JWKS_URL)]
    pub jwks_url: String,

    /// Issuer (`iss`) that a token must name
    #[arg(long = "token-issuer", env = "QUADRILLE_TOKEN_ISSUER", value_name = "NAME", default_value = TokenSettings::NAME)]
    pub issuer: String,

    /// Audience (`aud`) that a token must name
    #[arg(long = "token-audience", env = "QUADRILLE_TOKEN_AUDIENCE", value_name = "NAME", default_value = TokenSettings::NAME)]
    pub audience: String,
}

impl TokenSettings {
    const JWKS_URL: &'static str = "http://127.0.0.1:8081/.well-known/jwks.json";
    const NAME: &'static str = "quadrille";

    /// The defaults with the keys at `jwks_url`.
    pub fn new(jwks_url: &str) -> Self {
        Self {
            jwks_url: jwks_url.to_owned(),
            ..Self::default()
        }
    }
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            jwks_url: Self::JWKS_URL.to_owned(),
            issuer: Self::NAME.to_owned(),
            audience: Self::NAME.to_owned(),
        }
    }
}
