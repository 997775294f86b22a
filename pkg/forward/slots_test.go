package forward

import (
	"fmt"
	"net/netip"
	"testing"
)

// TestOneCallerDoesNotTakeAllSlots: neither with one address nor with all that a
// customer of IPv6 has.
func TestOneCallerDoesNotTakeAllSlots(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(i int) string{
		"one address": func(int) string { return "203.0.113.1" },
		"its IPv6":    func(i int) string { return fmt.Sprintf("2001:db8::%x", i) },
		"its links":   func(i int) string { return fmt.Sprintf("fe80::1%%eth%d", i) },
		"mapped":      func(i int) string { return []string{"203.0.113.1", "::ffff:203.0.113.1"}[i%2] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := slots{by: map[string]*target{}}
			var leave []func()
			for i := range perCaller {
				l, err := s.enter("b", netip.MustParseAddr(address(i)))
				if err != nil {
					t.Fatalf("number %d: %v", i, err)
				}
				leave = append(leave, l)
			}
			if _, err := s.enter("b", netip.MustParseAddr(address(perCaller))); err == nil {
				t.Error("it gets more than its part")
			}
			if l, err := s.enter("b", netip.MustParseAddr("2001:db8:1::1")); err != nil {
				t.Error(err)
			} else {
				l()
			}
			for _, l := range leave {
				l()
			}
			if len(s.by) != 0 {
				t.Error("something is left")
			}
		})
	}
}
