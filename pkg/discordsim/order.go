package discordsim

import (
	"cmp"
	"slices"
)

// sortBy sorts by a key.
func sortBy[T any, K cmp.Ordered](list []T, key func(T) K) {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
