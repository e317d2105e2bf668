//! What every service shares: configuration, telemetry, lifecycle, health, problem+json and token verification
