package subtle

import (
	"crypto/subtle"
	"encoding/hex"
)

// lowOrder are the y of all points of Ed25519 whose order divides 8, in every
// spelling: a signature by such a key, or with such an R, says nothing.
var lowOrder = func() [][]byte {
	var out [][]byte
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // Order 4.
		"0100000000000000000000000000000000000000000000000000000000000000", // Order 1.
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // Order 8.
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // Order 8.
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // Order 2.
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // The first, plus p.
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // The second, plus p.
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			panic(err)
		}
		out = append(out, b)
	}
	return out
}()

func smallOrder(point []byte) bool {
	if len(point) != 32 {
		return false
	}
	y := append([]byte{}, point...)
	y[31] &= 0x7f // The sign of x.
	found := 0
	for _, b := range lowOrder {
		found |= subtle.ConstantTimeCompare(y, b)
	}
	return found == 1
}
