/** Who is logged in, as the access token says. The token's signature is the services' business. */
export interface Who {
  id: string;
  email: string;
  role: "user" | "admin";
}

export interface Token {
  text: string;
  who: Who;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** Reads an access token (a JWT); null when it is none. */
export function readToken(text: string): Token | null {
  try {
    const payload = text.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const { sub, email, role, exp } = claims;
    const known = role === "user" || role === "admin";
    if (typeof sub !== "string" || typeof email !== "string" || typeof exp !== "number" || !known) return null;
    return { text, who: { id: sub, email, role }, expires: exp * 1000 };
  } catch {
    return null;
  }
}
