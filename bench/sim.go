package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// simulator is a discordsim in a process of its own.
type simulator struct {
	*process
	world
}

// world is a simulated Discord, in whatever process it runs.
type world struct {
	url    string
	guilds []simGuild
}

// simGuild is a guild of it.
type simGuild struct {
	ID       string `json:"id"`
	Channels []struct {
		ID string `json:"id"`
	} `json:"channels"`
	Members []struct {
		ID  string `json:"id"`
		Bot bool   `json:"bot"`
	} `json:"members"`
}

// startSimulator runs a simulator without rate limits.
func (b *bench) startSimulator(ctx context.Context, guilds int, more ...string) (*simulator, error) {
	args := append([]string{"discordsim", "--port", "0", "--guilds", strconv.Itoa(guilds), "--no-rate-limits"}, more...)
	p, err := start(command(ctx, b.runtime, args...))
	if err != nil {
		return nil, err
	}
	fields, err := p.ready(ctx)
	if err == nil && len(fields) == 0 {
		err = errors.New("the simulator did not say where it is")
	}
	s := &simulator{process: p}
	if err == nil {
		s.world, err = look(ctx, fields[0])
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return s, nil
}

// look reads which guilds a simulator has.
func look(ctx context.Context, url string) (world, error) {
	var all struct {
		Guilds []simGuild `json:"guilds"`
	}
	if err := call(ctx, http.MethodGet, url+"/sim?limit=1000", "", nil, &all); err != nil {
		return world{}, err
	}
	for _, g := range all.Guilds {
		if len(g.Channels) == 0 || len(g.Members) == 0 {
			return world{}, fmt.Errorf("guild %s of the simulator is empty", g.ID)
		}
	}
	return world{url: url, guilds: all.Guilds}, nil
}

// all reads all guilds of a simulator, also where there are very many.
func (w world) all(ctx context.Context) ([]simGuild, error) {
	var out []simGuild
	for after := "0"; ; {
		var page struct {
			Guilds []simGuild `json:"guilds"`
		}
		if err := call(ctx, http.MethodGet, w.url+"/sim?limit=1000&after="+after, "", nil, &page); err != nil {
			return nil, err
		}
		if len(page.Guilds) == 0 {
			return out, nil
		}
		out = append(out, page.Guilds...)
		after = out[len(out)-1].ID
	}
}

// flood sends events and waits for what comes of them.
func (w world) flood(ctx context.Context, f discordsim.Flood) (discordsim.FloodResult, error) {
	var r discordsim.FloodResult
	if err := call(ctx, http.MethodPost, w.url+"/sim/flood", "", f, &r); err != nil {
		return r, err
	}
	switch {
	case r.Unanswered > 0:
		return r, fmt.Errorf("%d of %d messages were not answered", r.Unanswered, r.Sent)
	case r.Sent < f.Count:
		return r, fmt.Errorf("only %d of %d events were sent; then there were no replies any more", r.Sent, f.Count)
	}
	return r, nil
}

// say says something in the first guild and waits for the bot's next message
// there, for which it looks so often.
func (w world) say(ctx context.Context, content string, patience, often time.Duration) (string, error) {
	g := w.guilds[0]
	messages := w.url + "/sim/guilds/" + g.ID + "/channels/" + g.Channels[0].ID + "/messages"
	var said struct {
		ID string `json:"id"`
	}
	if err := call(ctx, http.MethodPost, messages, "", map[string]string{"content": content}, &said); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		var later []struct {
			Content string `json:"content"`
			Author  struct {
				Bot bool `json:"bot"`
			} `json:"author"`
		}
		if err := call(ctx, http.MethodGet, messages+"?after="+said.ID, "", nil, &later); err != nil {
			return "", err
		}
		for _, m := range later {
			if m.Author.Bot {
				return m.Content, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", fmt.Errorf("%q was not answered: %w", content, ctx.Err())
		}
	}
}

// unhandled is an event that all contenders ask for by their intents and none
// handles: a reaction, as Discord sends it.
func (w world) unhandled(count int) (discordsim.Flood, error) {
	f := discordsim.Flood{Guilds: len(w.guilds), Count: count, Event: "MESSAGE_REACTION_ADD", Last: "!ping"}
	g := w.guilds[0]
	i := 0
	for i < len(g.Members)-1 && g.Members[i].Bot {
		i++
	}
	who := g.Members[i].ID
	data, err := encode(map[string]any{
		"user_id": who, "message_id": "1300000000000000000", "type": 0, "burst": false, "burst_colors": []string{},
		"emoji": map[string]any{"id": nil, "name": "\U0001F44D"},
		"member": map[string]any{
			"user":  map[string]any{"id": who, "username": "alice", "discriminator": "0", "global_name": "Alice", "avatar": nil, "public_flags": 0},
			"roles": []string{}, "joined_at": "2024-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false, "flags": 0, "nick": nil, "avatar": nil,
		},
	})
	f.Data = data
	return f, err
}
