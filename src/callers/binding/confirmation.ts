/** The claim of a token that says to what it is bound (RFC 7800), as far as the broker writes it. Pure. */

/** Each by its SHA-256 in base64url: a key by its thumbprint (RFC 9449), a client certificate (RFC 8705). */
export interface Confirmation {
  readonly jkt?: string;
  readonly 'x5t#S256'?: string;
}

/** Whether a claim is a confirmation that this version understands in whole. */
export function isConfirmation(cnf: unknown): cnf is Confirmation {
  if (typeof cnf !== 'object' || cnf === null) return false;
  const members = Object.entries(cnf);
  return (
    members.length > 0 &&
    members.every(([name, value]) => ['jkt', 'x5t#S256'].includes(name) && typeof value === 'string')
  );
}
