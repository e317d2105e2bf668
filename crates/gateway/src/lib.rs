//! The edge: routes, access rules, limits and the web UI's files
