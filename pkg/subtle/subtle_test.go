package subtle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/subtle"
)

// do runs an operation and gives its result, or the name of its error.
func do(t *testing.T, request string) (result, failed string) {
	t.Helper()
	out, err := subtle.Run([]byte(request))
	if err == nil {
		return out, ""
	}
	e, ok := errors.AsType[*subtle.Error](err)
	if !ok || e.Text == "" {
		t.Fatalf("%s: the error %v says nothing", request, err)
	}
	return "", e.Name
}

func b64(t *testing.T, text string) string {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Each block of the output reads all of the salt, or info: however few iterations
// there are, that is time that nothing interrupts.
func TestDerivationsFromLongTextsAreBounded(t *testing.T) {
	t.Parallel()
	long := base64.StdEncoding.EncodeToString(make([]byte, 256<<10))
	for _, row := range []struct{ request, want string }{
		{`{"do":"deriveBits","alg":{"name":"PBKDF2","hash":"SHA-1","iterations":1,"salt":"` + long + `"},"length":400000}`, "NotSupportedError"},
		{`{"do":"deriveBits","alg":{"name":"PBKDF2","hash":"SHA-512","iterations":1000,"salt":"` + long + `"},"length":512}`, ""},
		{`{"do":"deriveBits","alg":{"name":"HKDF","hash":"SHA-512","info":"` + long + `"},"length":512}`, "NotSupportedError"},
		{`{"do":"deriveBits","alg":{"name":"HKDF","hash":"SHA-512","salt":"` + long + `","info":"` + long[:64<<10] + `"},"length":512}`, ""},
	} {
		if _, got := do(t, row.request); got != row.want {
			t.Errorf("%.80s: %q, not %q", row.request, got, row.want)
		}
	}
}

// What the WPT files cannot say of an operation: what comes from elsewhere than
// the SDK.
func TestRunRefusesWhatTheSDKDoesNotWrite(t *testing.T) {
	t.Parallel()
	secret := `{"type":"secret","alg":{"name":"HMAC","hash":"SHA-1"},"data":"AAAA"}`
	for _, row := range []struct{ request, want string }{
		{``, "OperationError"},
		{`[]`, "OperationError"},
		{`{"do":"nothing"}`, "NotSupportedError"},
		{`{"do":"digest"}`, "NotSupportedError"},
		{`{"do":"digest","alg":{"name":"SHA-1"},"data":"%"}`, "OperationError"},
		{`{"do":"encrypt","alg":{"name":"AES-GCM","iv":"AAAA"}}`, "OperationError"},
		{`{"do":"encrypt","alg":{"name":"AES-CBC"},"key":{"data":"AAAA"}}`, "OperationError"},
		{`{"do":"encrypt","alg":{"name":"HMAC"}}`, "NotSupportedError"},
		{`{"do":"decrypt","alg":{"name":"HMAC"}}`, "NotSupportedError"},
		{`{"do":"sign","alg":{"name":"AES-GCM"},"key":{"type":"private"}}`, "NotSupportedError"},
		{`{"do":"sign","alg":{"name":"Ed25519"},"key":{"type":"private","data":"AAAA"}}`, "OperationError"},
		{`{"do":"sign","alg":{"name":"Ed25519"},"key":{"type":"public"}}`, "InvalidAccessError"},
		{`{"do":"verify","alg":{"name":"ECDSA","hash":"SHA-1"},"key":{"type":"public","data":"AAAA"}}`, "OperationError"},
		{`{"do":"verify","alg":{"name":"ECDSA"},"key":{"type":"public"}}`, "NotSupportedError"},
		{`{"do":"deriveBits","alg":{"name":"ECDH"},"key":{"type":"private"}}`, "InvalidAccessError"},
		{`{"do":"deriveBits","alg":{"name":"SHA-1"}}`, "NotSupportedError"},
		{`{"do":"importKey","alg":{"name":"none"},"format":"raw"}`, "NotSupportedError"},
		{`{"do":"importKey","alg":{"name":"Ed25519"},"format":"jwk","usages":["verify"]}`, "DataError"},
		{`{"do":"importKey","alg":{"name":"AES-GCM"},"format":"jwk","usages":["encrypt"]}`, "DataError"},
		{`{"do":"importKey","alg":{"name":"ECDSA","namedCurve":"P-1"},"format":"spki","usages":["verify"]}`, "DataError"},
		{`{"do":"importKey","alg":{"name":"Ed25519"},"format":"none"}`, "NotSupportedError"},
		{`{"do":"exportKey","format":"raw","key":{"type":"public","alg":{"name":"ECDSA"},"data":"AAAA"}}`, "OperationError"},
		{`{"do":"exportKey","format":"none","key":` + secret + `}`, "NotSupportedError"},
		{`{"do":"generateKey","alg":{"name":"HKDF"},"usages":["deriveBits"]}`, "NotSupportedError"},
		{`{"do":"generateKey","alg":{"name":"none"},"usages":[]}`, "SyntaxError"},
	} {
		if got, failed := do(t, row.request); failed != row.want {
			t.Errorf("%s: got %q %s, want %s", row.request, got, failed, row.want)
		}
	}
	if got, _ := do(t, `{"do":"exportKey","format":"jwk","key":`+secret+`}`); !strings.Contains(got, `"key_ops":[]`) {
		t.Errorf("a key without usages is %s", got)
	}
}

// The points of small order are what the curve says they are: eight times each is
// the neutral one.
func TestPointsOfSmallOrder(t *testing.T) {
	t.Parallel()
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	inverse := func(x *big.Int) *big.Int { return new(big.Int).ModInverse(x, p) }
	d := new(big.Int).Mul(big.NewInt(-121665), inverse(big.NewInt(121666)))
	for _, b := range subtle.LowOrder {
		little := bytes.Clone(b)
		slices.Reverse(little)
		y := new(big.Int).SetBytes(little)
		// x^2 = (y^2-1) / (d*y^2+1)
		yy := new(big.Int).Mul(y, y)
		den := new(big.Int).Mod(new(big.Int).Add(new(big.Int).Mul(d, yy), big.NewInt(1)), p)
		xx := new(big.Int).Mod(new(big.Int).Mul(new(big.Int).Sub(yy, big.NewInt(1)), inverse(den)), p)
		x := new(big.Int).ModSqrt(xx, p)
		if x == nil {
			t.Errorf("%x is no point", b)
			continue
		}
		for range 3 {
			// Doubled, in affine coordinates.
			xy := new(big.Int).Mul(x, y)
			k := new(big.Int).Mul(d, new(big.Int).Mul(xy, xy))
			nx := new(big.Int).Mul(new(big.Int).Lsh(xy, 1), inverse(new(big.Int).Mod(new(big.Int).Add(big.NewInt(1), k), p)))
			ny := new(big.Int).Mul(new(big.Int).Add(new(big.Int).Mul(y, y), new(big.Int).Mul(x, x)), inverse(new(big.Int).Mod(new(big.Int).Sub(big.NewInt(1), k), p)))
			x, y = nx.Mod(nx, p), ny.Mod(ny, p)
		}
		if x.Sign() != 0 || y.Cmp(big.NewInt(1)) != 0 {
			t.Errorf("%x has not a small order", b)
		}
	}
}

// key imports one and gives it as operations take it.
func key(t *testing.T, request string) string {
	t.Helper()
	out, failed := do(t, request)
	if failed != "" {
		t.Fatalf("%s: %s", request, failed)
	}
	return out
}

func FuzzImportKey(f *testing.F) {
	// A key of each kind, as DER and as JWK.
	for _, alg := range []string{`{"name":"ECDSA","namedCurve":"P-256"}`, `{"name":"Ed25519"}`, `{"name":"RSA-PSS","hash":"SHA-256","modulusLength":2048,"publicExponent":"AQAB"}`} {
		out, err := subtle.Run([]byte(`{"do":"generateKey","alg":` + alg + `,"extractable":true,"usages":["sign","verify"]}`))
		if err != nil {
			f.Fatal(err)
		}
		var pair struct{ PublicKey, PrivateKey json.RawMessage }
		if err := json.Unmarshal([]byte(out), &pair); err != nil {
			f.Fatal(err)
		}
		for format, k := range map[string]json.RawMessage{"spki": pair.PublicKey, "pkcs8": pair.PrivateKey} {
			var der struct{ Data []byte }
			if err := json.Unmarshal(k, &der); err != nil {
				f.Fatal(err)
			}
			f.Add(format, alg, der.Data)
			jwk, err := subtle.Run([]byte(`{"do":"exportKey","format":"jwk","key":` + string(k) + `}`))
			if err != nil {
				f.Fatal(err)
			}
			f.Add("jwk", alg, []byte(jwk))
		}
	}
	f.Add("raw", `{"name":"X25519"}`, make([]byte, 32))
	f.Add("jwk", `{"name":"HMAC","hash":"SHA-1"}`, []byte(`{"kty":"oct","k":"AA"}`))
	f.Fuzz(func(t *testing.T, format, alg string, data []byte) {
		if !json.Valid([]byte(alg)) || len(data) > 1<<16 {
			return
		}
		request := map[string]any{"do": "importKey", "alg": json.RawMessage(alg), "format": format, "extractable": true}
		if format == "jwk" {
			if !json.Valid(data) {
				return
			}
			request["jwk"] = json.RawMessage(data)
		} else {
			request["data"] = data
		}
		for _, usages := range [][]string{{"verify"}, {"sign"}, {"deriveBits"}, {}} {
			request["usages"] = usages
			doc, err := json.Marshal(request)
			if err != nil {
				t.Fatal(err)
			}
			out, err := subtle.Run(doc)
			if err != nil {
				if strings.Contains(err.Error(), "the operation failed") {
					t.Fatalf("it panicked: %s", doc)
				}
				continue
			}
			// What was taken in comes out again, and the same goes in again.
			for _, f := range []string{"spki", "pkcs8", "raw", "jwk"} {
				back, err := subtle.Run([]byte(`{"do":"exportKey","format":"` + f + `","key":` + out + `}`))
				if err != nil {
					continue
				}
				member := "data"
				if f == "jwk" {
					member = "jwk"
				}
				again, err := json.Marshal(map[string]any{"do": "importKey", "alg": json.RawMessage(alg), "format": f, "extractable": true, "usages": usages, member: json.RawMessage(back)})
				if err != nil {
					t.Fatal(err)
				}
				same, err := subtle.Run(again)
				if err != nil {
					t.Fatalf("%s came out as %s, which does not go in: %v", out, back, err)
				}
				if same != out {
					t.Fatalf("%s came out as %s, which goes in as %s", out, back, same)
				}
			}
		}
	})
}

func FuzzRun(f *testing.F) {
	f.Add([]byte(`{"do":"digest","alg":{"name":"SHA-1"},"data":"AAAA"}`))
	f.Add([]byte(`{"do":"encrypt","alg":{"name":"AES-CTR","counter":"AAAAAAAAAAAAAAAAAAAAAA==","length":64},"key":{"data":"AAAAAAAAAAAAAAAAAAAAAA=="},"data":"AAAA"}`))
	f.Add([]byte(`{"do":"decrypt","alg":{"name":"AES-GCM","iv":"AA==","tagLength":32},"key":{"data":"AAAAAAAAAAAAAAAAAAAAAA=="},"data":"AAAAAAAA"}`))
	f.Add([]byte(`{"do":"unwrapKey","alg":{"name":"AES-KW"},"key":{"data":"AAAAAAAAAAAAAAAAAAAAAA=="},"data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","format":"jwk","derived":{"name":"AES-CBC"}}`))
	f.Add([]byte(`{"do":"deriveBits","alg":{"name":"PBKDF2","hash":"SHA-1","iterations":1},"length":8}`))
	f.Fuzz(func(t *testing.T, request []byte) {
		if bytes.Contains(request, []byte("RSA")) && bytes.Contains(request, []byte("generateKey")) || bytes.Contains(request, []byte("iterations")) && len(request) > 200 {
			return // It would take long.
		}
		out, err := subtle.Run(request)
		if err == nil && !json.Valid([]byte(out)) {
			t.Fatalf("the result is no JSON: %s", out)
		}
		if err != nil {
			if _, ok := errors.AsType[*subtle.Error](err); !ok || strings.Contains(err.Error(), "the operation failed") {
				t.Fatalf("%s: %v", request, err)
			}
		}
	})
}

func TestKeysOfOtherKindsAreRefused(t *testing.T) {
	t.Parallel()
	ed := key(t, `{"do":"importKey","alg":{"name":"Ed25519"},"format":"raw","usages":["verify"],"data":"`+b64(t, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")+`"}`)
	// Such as a worker that lies would make: a key that says that it is another.
	lie := strings.Replace(ed, `"name":"Ed25519"`, `"name":"ECDSA","namedCurve":"P-256"`, 1)
	if _, failed := do(t, `{"do":"verify","alg":{"name":"ECDSA","hash":"SHA-256"},"key":`+lie+`,"signature":"`+strings.Repeat("A", 88)+`","data":""}`); failed != "OperationError" {
		t.Errorf("got %s", failed)
	}
	if _, failed := do(t, `{"do":"exportKey","format":"jwk","key":`+strings.Replace(lie, `"type":"public"`, `"type":"private"`, 1)+`}`); failed != "OperationError" {
		t.Errorf("got %s", failed)
	}
}

// A key whose numbers are too long is refused before anything is computed with
// them: this would take minutes.
func TestLongNumbersAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	number := func(n int) []byte {
		out := append([]byte{2, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, bytes.Repeat([]byte{0x7f}, n)...) //nolint:gosec // The bytes of a length.
		return out
	}
	wrap := func(tag byte, b []byte) []byte {
		return append([]byte{tag, 0x83, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...) //nolint:gosec // The bytes of a length.
	}
	long, e := number(200_000), []byte{2, 3, 1, 0, 1}
	rsa, err := hex.DecodeString("300d06092a864886f70d0101010500")
	if err != nil {
		t.Fatal(err)
	}
	public := wrap(0x30, slices.Concat(rsa, wrap(3, append([]byte{0}, wrap(0x30, slices.Concat(long, e))...))))
	private := wrap(0x30, slices.Concat([]byte{2, 1, 0}, rsa, wrap(4, wrap(0x30, slices.Concat([]byte{2, 1, 0}, long, e, long, long, long, long, long, long)))))
	for format, data := range map[string][]byte{"spki": public, "pkcs8": private} {
		doc, err := json.Marshal(map[string]any{"do": "importKey", "alg": map[string]string{"name": "RSA-PSS", "hash": "SHA-1"}, "format": format, "usages": []string{map[string]string{"spki": "verify", "pkcs8": "sign"}[format]}, "data": data})
		if err != nil {
			t.Fatal(err)
		}
		if _, failed := do(t, string(doc)); failed != "DataError" {
			t.Errorf("%s: got %s", format, failed)
		}
	}
}
