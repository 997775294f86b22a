package subtle_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/subtle"
)

const (
	abc = `{"do":"digest","alg":{"name":"SHA-1"},"data":"YWJj"}`
	// About a tenth of a second of CPU.
	slow = `{"do":"deriveBits","alg":{"name":"PBKDF2","hash":"SHA-512","salt":"AAAA","iterations":200000},"key":{"data":"AAAA"},"length":128}`
)

func TestQueueKeepsTheOrder(t *testing.T) {
	t.Parallel()
	q := subtle.NewQueue(subtle.Budget{Burst: time.Minute, Rate: 1})
	defer q.Close()
	var mu sync.Mutex
	var got []int
	done := make(chan struct{})
	for i := range 200 {
		q.Do([]byte(abc), func(result string, err error) {
			if result != `"qZk+NkcGgWq6PiVxeFDCbJzQ2J0="` || err != nil {
				t.Errorf("got %s, %v", result, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got = append(got, i); len(got) == 200 {
				close(done)
			}
		})
	}
	<-done
	for i, n := range got {
		if i != n {
			t.Fatalf("number %d came as the %dth", n, i)
		}
	}
}

func TestQueueDoesNotWaitForWhatIsLong(t *testing.T) {
	t.Parallel()
	q := subtle.NewQueue(subtle.Budget{Burst: time.Minute, Rate: 1})
	defer q.Close()
	order := make(chan string, 4)
	say := func(what string) func(string, error) {
		return func(_ string, err error) { order <- fmt.Sprint(what, err) }
	}
	// The second long one cannot have begun before the first has ended.
	q.Do([]byte(slow), say("slow"))
	q.Do([]byte(slow), say("slow"))
	q.Do([]byte(abc), say("quick"))
	var got []string
	for range 3 {
		got = append(got, <-order)
	}
	if got[2] != "slow<nil>" {
		t.Errorf("got %v: what is quick waited for two that are not", got)
	}
}

func TestQueueHasABudget(t *testing.T) {
	t.Parallel()
	q := subtle.NewQueue(subtle.Budget{Burst: time.Millisecond, Rate: 0.0001})
	defer q.Close()
	results := make(chan error, 8)
	for range 8 {
		q.Do([]byte(slow), func(_ string, err error) { results <- err })
	}
	var done, refused int
	for range 8 {
		err := <-results
		if err == nil {
			done++
			continue
		}
		e, ok := errors.AsType[*limit.Error](err)
		if !ok || e.Limit != limit.CryptoCPU || !strings.Contains(e.Text, "try again in ") {
			t.Errorf("got %v", err)
		}
		refused++
	}
	// The first is done on credit, and pays for all that come.
	if done != 1 || refused != 7 {
		t.Errorf("%d were done and %d refused", done, refused)
	}
	// So do quick ones.
	q.Do([]byte(abc), func(_ string, err error) { results <- err })
	if err := <-results; err == nil {
		t.Error("what is quick has a budget of its own")
	}
}

func TestQueueForgetsWhatWaitsAtItsEnd(t *testing.T) {
	t.Parallel()
	q := subtle.NewQueue(subtle.Budget{Burst: time.Minute, Rate: 1})
	first := make(chan struct{})
	q.Do([]byte(slow), func(string, error) {
		q.Close()
		close(first)
	})
	for range 100 {
		q.Do([]byte(slow), func(string, error) { t.Error("it was done after the end") })
	}
	<-first
	q.Do([]byte(abc), func(string, error) { t.Error("it was done after the end") })
}
