package subtle

import "slices"

// order is that of a key's usages.
var order = []string{"encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"}

// use says what the keys of an algorithm may be used for.
type use struct {
	secret          []string
	public, private []string
	jwk             string // What a JWK's "use" must be.
}

var (
	signs   = use{public: []string{"verify"}, private: []string{"sign"}, jwk: "sig"}
	agrees  = use{public: []string{}, private: []string{"deriveKey", "deriveBits"}, jwk: "enc"}
	derives = use{secret: []string{"deriveKey", "deriveBits"}}
	ciphers = use{secret: []string{"encrypt", "decrypt", "wrapKey", "unwrapKey"}, jwk: "enc"}

	uses = map[string]use{
		"RSASSA-PKCS1-v1_5": signs, "RSA-PSS": signs, "ECDSA": signs, "Ed25519": signs,
		"RSA-OAEP": {public: []string{"encrypt", "wrapKey"}, private: []string{"decrypt", "unwrapKey"}, jwk: "enc"},
		"ECDH":     agrees, "X25519": agrees, "HKDF": derives, "PBKDF2": derives,
		"AES-CTR": ciphers, "AES-CBC": ciphers, "AES-GCM": ciphers,
		"AES-KW": {secret: []string{"wrapKey", "unwrapKey"}, jwk: "enc"},
		"HMAC":   {secret: []string{"sign", "verify"}, jwk: "sig"},
	}
)

// of are the usages of a key of this type.
func (u use) of(kind string) []string {
	switch kind {
	case "public":
		return u.public
	case "private":
		return u.private
	}
	return u.secret
}

// allow refuses usages that keys of this type of the algorithm do not have.
func allow(usages, allowed []string, name string) error {
	for _, u := range usages {
		if !slices.Contains(allowed, u) {
			return fail("SyntaxError", "a key of %s cannot be used for %q", name, u)
		}
	}
	return nil
}

// among gives those usages that are allowed, each once, in their order.
func among(usages, allowed []string) []string {
	out := []string{}
	for _, u := range order {
		if slices.Contains(usages, u) && slices.Contains(allowed, u) {
			out = append(out, u)
		}
	}
	return out
}

// key makes a key of a type and refuses one that is for nothing.
func (r *Request) key(a Algorithm, kind string, data []byte) (*Key, error) {
	usages := among(r.Usages, order)
	if kind != "public" && len(usages) == 0 {
		return nil, fail("SyntaxError", "a %s key needs a usage", kind)
	}
	return &Key{Type: kind, Algorithm: a, Extractable: r.Extractable || kind == "public" && r.Do == "generateKey", Usages: usages, Data: data}, nil
}

func isAES(name string) bool {
	return name == "AES-CTR" || name == "AES-CBC" || name == "AES-GCM" || name == "AES-KW"
}

func isRSA(name string) bool {
	return name == "RSASSA-PKCS1-v1_5" || name == "RSA-PSS" || name == "RSA-OAEP"
}

func isEC(name string) bool { return name == "ECDSA" || name == "ECDH" }
