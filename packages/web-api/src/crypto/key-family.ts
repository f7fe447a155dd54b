/** What the host does the same way with, and a JSON Web Key names as one `kty`: all secrets, and each kind of pair. */
export type KeyFamily = "secret" | "RSA" | "EC" | "OKP";

export function familyOf(name: string): KeyFamily {
  switch (name) {
    case "RSASSA-PKCS1-v1_5":
    case "RSA-PSS":
    case "RSA-OAEP":
      return "RSA";
    case "ECDSA":
    case "ECDH":
      return "EC";
    case "Ed25519":
    case "X25519":
      return "OKP";
    default:
      return "secret";
  }
}
