package playground

import (
	"maps"
	"slices"
	"sync"
	"testing"
)

// scenes are what people do, each in a server of its own, as alice.
var scenes = map[string]func(b *tab){
	"a long history": history,
	"a first message, and all of it after a reload": firstMessage,
	"markdown":                      markdown,
	"hostile texts":                 hostile,
	"embeds and files":              embeds,
	"edits, deletes and replies":    edits,
	"reactions":                     reactions,
	"polls":                         polls,
	"acting as others":              others,
	"ephemeral answers":             ephemeral,
	"thinking":                      thinking,
	"no answer":                     noAnswer,
	"options of every type":         options,
	"options that are wrong":        wrongOptions,
	"autocompletion":                autocompletion,
	"subcommands":                   subcommands,
	"context menus":                 contextMenus,
	"buttons":                       buttons,
	"selects":                       selects,
	"layout components":             layout,
	"forms":                         forms,
	"the log":                       logLines,
	"keys":                          keyValues,
	"cron jobs":                     cronJobs,
	"keys only":                     keysOnly,
	"a narrow window, in the dark":  narrow,
	"a script that comes, and goes": scriptComes,
}

// bare are the scenes that begin without a script.
var bare = []string{"a script that comes, and goes"}

func TestPlayground(t *testing.T) {
	t.Parallel()
	s := set(t, len(scenes)+1) // The first one gets the starter.
	source := bot(t)
	var mu sync.Mutex
	take := func() server {
		mu.Lock()
		defer mu.Unlock()
		g := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		return g
	}
	for _, name := range slices.Sorted(maps.Keys(scenes)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := take()
			if !slices.Contains(bare, name) {
				s.deploy(t, g, source)
			}
			scenes[name](s.open(t, g, "alice"))
		})
	}
	t.Run("a restart", func(t *testing.T) {
		t.Parallel()
		restart(t, s)
	})
}
