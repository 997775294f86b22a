package playground

import (
	"maps"
	"slices"
	"sync"
	"testing"
)

// scenes are what people do, each in a server of its own.
var scenes = map[string]func(b *tab){
	"says and sees": saysAndSees,
}

func TestPlayground(t *testing.T) {
	t.Parallel()
	s := set(t, len(scenes)+1)
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
			s.deploy(t, g, source)
			scenes[name](s.open(t, g, "alice"))
		})
	}
}

func saysAndSees(b *tab) {
	b.say("!ping")
	b.see(messages, "pong!")
	b.say("!markdown")
	b.see(messages, "done")
	b.say("!embed")
	b.see(messages, "The footer")
	b.say("!panel")
	b.see(messages, "A panel")
	b.say("!layout")
	b.see(messages, "Left of a button")
	b.say("!poll")
	b.see(messages, "Tea?")
	b.say("!evil")
	b.say("!react")
	b.say("!keep")
	b.say("!log")
	b.see("#lines", "an error line")
	b.shoot("one")
	b.script(`document.getElementById("scroll").scrollTop = 0`)
	b.shoot("two")
	b.script(`document.getElementById("scroll").scrollTop = 700`)
	b.shoot("three")
}
