package isolate

import (
	"container/heap"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

// appointment is a timer of the script, the deadline of a dispatch, or the time
// to tell again of a limit.
type appointment struct {
	when     time.Time
	every    time.Duration
	timer    uint64 // 0 for the others.
	dispatch uint64
	limit    limit.Name // "" for the others.
	index    int
}

// schedule is a heap of appointments by time.
type schedule []*appointment

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].when.Before(s[j].when) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push is for container/heap.
func (s *schedule) Push(x any) {
	a, _ := x.(*appointment)
	a.index = len(*s)
	*s = append(*s, a)
}

// Pop is for container/heap.
func (s *schedule) Pop() any {
	old := *s
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*s = old[:len(old)-1]
	a.index = -1
	return a
}

func (s *schedule) remove(a *appointment) {
	if a != nil && a.index >= 0 && a.index < len(*s) && (*s)[a.index] == a {
		heap.Remove(s, a.index)
	}
}
