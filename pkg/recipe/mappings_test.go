package recipe

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// encode writes numbers as a segment has them.
func encode(numbers ...int) string {
	var b strings.Builder
	for _, n := range numbers {
		v := n << 1
		if n < 0 {
			v = -n<<1 | 1
		}
		for {
			digit := v & 31
			if v >>= 5; v > 0 {
				digit |= 32
			}
			b.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[digit])
			if v == 0 {
				break
			}
		}
	}
	return b.String()
}

// TestLookUpFindsTheLastBefore compares with looking at every mapping for every
// position; columns come in any order, and twice.
func TestLookUpFindsTheLastBefore(t *testing.T) {
	t.Parallel()
	const lines, columns = 4, 40
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // The same every time.
		var mappings strings.Builder
		want := map[Position]Target{}
		best := map[Position]int{}
		at := Target{}
		for line := range lines {
			column := 0
			for i := range r.IntN(6) {
				if i > 0 {
					mappings.WriteByte(',')
				}
				to := r.IntN(columns)
				next := Target{Source: r.IntN(3), Line: r.IntN(9), Column: r.IntN(9)}
				if r.IntN(5) == 0 {
					mappings.WriteString(encode(to - column))
					next = Target{Source: Unmapped}
				} else {
					mappings.WriteString(encode(to-column, next.Source-at.Source, next.Line-at.Line, next.Column-at.Column))
					at = next
				}
				column = to
				for c := to; c < columns; c++ {
					if had, ok := best[Position{line, c}]; !ok || to >= had {
						best[Position{line, c}], want[Position{line, c}] = to, next
					}
				}
			}
			mappings.WriteByte(';')
		}
		got := map[Position]Target{}
		for line := range lines {
			for c := range columns {
				got[Position{line, c}] = Target{Source: -7}
				if _, ok := want[Position{line, c}]; !ok {
					want[Position{line, c}] = Target{Source: -7}
				}
			}
		}
		if err := LookUp(mappings.String(), got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(fmt.Sprint(seed, " ", mappings.String()), diff)
		}
	}
}
