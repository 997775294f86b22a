// ------------------------------------------------------------------- crypto

type BufferSource = ArrayBuffer | ArrayBufferView;
type AlgorithmIdentifier = string | { name: string };
/** "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
type HashAlgorithmIdentifier = AlgorithmIdentifier;
type KeyFormat = "raw" | "pkcs8" | "spki" | "jwk";
type KeyType = "secret" | "public" | "private";
type KeyUsage = "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey";

/** AES-CBC: `iv` has 16 bytes. */
interface AesCbcParams {
  name: string;
  iv: BufferSource;
}
/** AES-CTR: `counter` has 16 bytes, of which the last `length` bits count. */
interface AesCtrParams {
  name: string;
  counter: BufferSource;
  length: number;
}
/** AES-GCM: an `iv` of 12 bytes that is never used twice with a key. */
interface AesGcmParams {
  name: string;
  iv: BufferSource;
  additionalData?: BufferSource;
  /** Bits [128]. */
  tagLength?: number;
}
interface RsaOaepParams {
  name: string;
  label?: BufferSource;
}
/** RSA-PSS. */
interface RsaPssParams {
  name: string;
  saltLength: number;
}
/** ECDSA. */
interface EcdsaParams {
  name: string;
  hash: HashAlgorithmIdentifier;
}
/** ECDH and X25519. */
interface EcdhKeyDeriveParams {
  name: string;
  public: CryptoKey;
}
interface HkdfParams {
  name: string;
  hash: HashAlgorithmIdentifier;
  salt: BufferSource;
  info: BufferSource;
}
/** At most 5,000,000 iterations over all blocks of the output, of which each reads the salt once (NotSupportedError). */
interface Pbkdf2Params {
  name: string;
  hash: HashAlgorithmIdentifier;
  salt: BufferSource;
  iterations: number;
}
interface AesKeyGenParams {
  name: string;
  /** Bits: 128, 192 or 256. */
  length: number;
}
interface HmacKeyGenParams {
  name: string;
  hash: HashAlgorithmIdentifier;
  /** Bits [a block of the digest]. */
  length?: number;
}
interface EcKeyGenParams {
  name: string;
  /** "P-256", "P-384" or "P-521". */
  namedCurve: string;
}
interface RsaHashedImportParams {
  name: string;
  hash: HashAlgorithmIdentifier;
}
interface RsaHashedKeyGenParams extends RsaHashedImportParams {
  /** Bits: 2048 to 4096. */
  modulusLength: number;
  /** new Uint8Array([1, 0, 1]). */
  publicExponent: Uint8Array;
}
type CryptParams = RsaOaepParams | AesCbcParams | AesCtrParams | AesGcmParams;
type SignParams = AlgorithmIdentifier | RsaPssParams | EcdsaParams;
type DeriveParams = EcdhKeyDeriveParams | HkdfParams | Pbkdf2Params;
type ImportParams = AlgorithmIdentifier | RsaHashedImportParams | EcKeyGenParams | HmacKeyGenParams;

interface JsonWebKey {
  alg?: string;
  crv?: string;
  d?: string;
  dp?: string;
  dq?: string;
  e?: string;
  ext?: boolean;
  k?: string;
  key_ops?: string[];
  kty?: string;
  n?: string;
  oth?: { d?: string; r?: string; t?: string }[];
  p?: string;
  q?: string;
  qi?: string;
  use?: string;
  x?: string;
  y?: string;
}

interface KeyAlgorithm {
  name: string;
  hash?: { name: string };
  length?: number;
  namedCurve?: string;
  modulusLength?: number;
  publicExponent?: Uint8Array;
}

/** A key. Its bytes are out of a script's reach, unless it is extractable. */
declare class CryptoKey {
  private constructor();
  readonly type: KeyType;
  readonly extractable: boolean;
  readonly algorithm: KeyAlgorithm;
  readonly usages: KeyUsage[];
}

interface CryptoKeyPair {
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/**
 * Web Cryptography. What fails rejects with a DOMException named NotSupportedError,
 * InvalidAccessError, SyntaxError, DataError or OperationError, or with a TypeError; what costs
 * too much CPU with one named QuotaExceededError.
 */
declare class SubtleCrypto {
  private constructor();
  encrypt(algorithm: AlgorithmIdentifier | CryptParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  decrypt(algorithm: AlgorithmIdentifier | CryptParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  sign(algorithm: SignParams, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  /** Whether the signature is right; the comparison takes as long for every wrong one. */
  verify(algorithm: SignParams, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
  digest(algorithm: HashAlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
  generateKey(algorithm: "Ed25519" | "X25519" | { name: "Ed25519" | "X25519" } | RsaHashedKeyGenParams | EcKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKeyPair>;
  generateKey(algorithm: AesKeyGenParams | HmacKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey | CryptoKeyPair>;
  deriveKey(algorithm: DeriveParams, baseKey: CryptoKey, derivedKeyType: AlgorithmIdentifier | AesKeyGenParams | HmacKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  /** length is in bits. */
  deriveBits(algorithm: DeriveParams, baseKey: CryptoKey, length?: number | null): Promise<ArrayBuffer>;
  importKey(format: "jwk", keyData: JsonWebKey, algorithm: ImportParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  importKey(format: Exclude<KeyFormat, "jwk">, keyData: BufferSource, algorithm: ImportParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  importKey(format: KeyFormat, keyData: BufferSource | JsonWebKey, algorithm: ImportParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey>;
  exportKey(format: Exclude<KeyFormat, "jwk">, key: CryptoKey): Promise<ArrayBuffer>;
  exportKey(format: KeyFormat, key: CryptoKey): Promise<ArrayBuffer | JsonWebKey>;
  wrapKey(format: KeyFormat, key: CryptoKey, wrappingKey: CryptoKey, wrapAlgorithm: AlgorithmIdentifier | CryptParams): Promise<ArrayBuffer>;
  unwrapKey(format: KeyFormat, wrappedKey: BufferSource, unwrappingKey: CryptoKey, unwrapAlgorithm: AlgorithmIdentifier | CryptParams, unwrappedKeyAlgorithm: ImportParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
}

declare class Crypto {
  private constructor();
  readonly subtle: SubtleCrypto;
  /** Fills an integer array, of at most 65,536 bytes (QuotaExceededError), with random bytes of the operating system, and gives it back. */
  getRandomValues<T extends Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array>(array: T): T;
  /** A random UUID (version 4). */
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
}

declare const crypto: Crypto;
