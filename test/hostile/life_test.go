package hostile

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestScriptsAreReplacedWhateverTheyDo deploys, and takes the bot out of a
// guild, while a script spins, waits or brings its worker down again and again.
func TestScriptsAreReplacedWhateverTheyDo(t *testing.T) {
	t.Parallel()
	a := enter(t)
	w := a.watch()
	for _, f := range a.guilds {
		for name, body := range map[string]string{
			"spins":     `for (;;);`,
			"waits":     `await new Promise(() => {});`,
			"recurs":    `const again = () => queueMicrotask(again); again(); await new Promise(() => {});`,
			"kills":     `return [].indexOf.call({ length: 2 ** 53 - 1 }, 1);`,
			"sets time": `for (let i = 0; i < 60; i++) setInterval(() => { for (let n = 0; n < 1e5; n++); }, 1);`,
		} {
			for _, trigger := range []corpus.Trigger{corpus.Message, corpus.Cron} {
				// The script before may take the worker along while this one loads.
				if err := rig.Within(caseLimit, "the deploy", func() (bool, error) {
					status, answer := a.deploy(f.Guild, corpus.Source(trigger, body, a.idsFor(f)))
					return status == http.StatusOK, fmt.Errorf("%d %s", status, answer)
				}); err != nil {
					t.Errorf("%s by %s: %v", name, trigger, err)
				}
				a.provoke(f, trigger)
			}
		}
		// The last one is on its way or running.
		if f == a.guilds[0] {
			if status, answer, err := rig.Call("DELETE", a.URL+"/sim/guilds/"+f.Guild, "", nil); err != nil || status >= 300 {
				t.Errorf("leave: %d %s %v", status, answer, err)
			}
			continue
		}
		a.reset(f)
		list := a.logs(f.Guild, 0)
		f.seen = list[len(list)-1].ID
		if err := rig.Within(caseLimit, "the deploy", func() (bool, error) {
			status, answer := a.deploy(f.Guild, corpus.Source(corpus.Message, `return "serves";`, a.idsFor(f)))
			return status == http.StatusOK, fmt.Errorf("%d %s", status, answer)
		}); err != nil {
			t.Errorf("the script after them: %v", err)
		}
		a.provoke(f, corpus.Message)
		if err := rig.Until("the script after them to serve", func() (bool, error) {
			for _, l := range a.logs(f.Guild, f.seen) {
				if l.Message == "finished serves" {
					return true, nil
				}
			}
			return false, nil
		}); err != nil {
			t.Error(err)
		}
	}
	w.end()
	a.leave()
}
