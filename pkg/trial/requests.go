package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trial/report"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
)

// request is what the library for tests asks for; see
// sdk-bundle/testing/isolate. What a request does not need is absent.
type request struct {
	Do  string `json:"do"`
	Bot int    `json:"bot"`

	setting
	File string  `json:"file"`
	Code *string `json:"code"`

	Action     discordsim.Action `json:"action"`
	User       string            `json:"user"`
	Channel    string            `json:"channel"`
	Message    string            `json:"message"`
	Content    string            `json:"content"`
	ReplyTo    string            `json:"replyTo"`
	Emoji      string            `json:"emoji"`
	Name       string            `json:"name"`
	Payload    json.RawMessage   `json:"payload"`
	MS         float64           `json:"ms"`
	Person     person            `json:"person"`
	Kind       int               `json:"kind"`
	Topic      *string           `json:"topic"`
	Parent     *string           `json:"parent"`
	Permission uint64            `json:"permissions,string"`

	Store      string          `json:"store"`
	Key        string          `json:"key"`
	Value      string          `json:"value"`
	Expiration int64           `json:"expiration"`
	Metadata   json.RawMessage `json:"metadata"`

	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body"`

	On     bool            `json:"on"`
	Ask    int             `json:"ask"`
	Answer json.RawMessage `json:"answer"`
	Thrown map[string]any  `json:"thrown"`

	Test   []string      `json:"test"`
	Tests  int           `json:"tests"`
	Status string        `json:"status"`
	Error  *report.Error `json:"error"`
}

type person struct {
	ID         string   `json:"id"`
	Username   string   `json:"username"`
	GlobalName *string  `json:"globalName"`
	Nick       *string  `json:"nick"`
	Bot        bool     `json:"bot"`
	Roles      []string `json:"roles"`
}

func (p person) newcomer(silent bool) discordsim.Newcomer {
	n := discordsim.Newcomer{ID: id[snowflake.UserID](p.ID), Username: p.Username, GlobalName: p.GlobalName, Nick: p.Nick, Bot: p.Bot, Silent: silent}
	for _, r := range p.Roles {
		n.Roles = append(n.Roles, id[snowflake.RoleID](r))
	}
	return n
}

// begin takes what takes time on: in the order in which the test asks for it.
func (r *runner) begin(raw []byte) (perform func() (any, error)) {
	var q request
	if err := json.Unmarshal(raw, &q); err != nil {
		return func() (any, error) { return nil, fmt.Errorf("the request cannot be read: %w", err) }
	}
	if q.Do == "bot" {
		return func() (any, error) { return r.newBot(q) }
	}
	w, err := r.world(q.Bot)
	if err != nil {
		return func() (any, error) { return nil, err }
	}
	p := w.step.reserve()
	return func() (any, error) {
		defer p.leave()
		return r.perform(w, p, q)
	}
}

func (r *runner) perform(w *world, p *place, q request) (any, error) {
	switch q.Do {
	case "say":
		return w.act(r.ctx, p, func(o *outcome) error {
			said, err := w.sim.Reply(w.guild, id[snowflake.ChannelID](q.Channel), q.User, q.Content, q.ReplyTo)
			var m struct{ ID string }
			if err == nil {
				err = json.Unmarshal(said, &m)
			}
			o.Said = m.ID
			return err
		})
	case "interact":
		return w.interact(r.ctx, p, q.Action)
	case "react", "unreact":
		return w.act(r.ctx, p, func(*outcome) error {
			return w.sim.React(w.guild, id[snowflake.ChannelID](q.Channel), id[snowflake.MessageID](q.Message), q.User, q.Emoji, q.Do == "react")
		})
	case "join":
		return w.act(r.ctx, p, func(o *outcome) error {
			who, err := w.sim.Join(w.guild, q.Person.newcomer(false))
			o.Person = who.String()
			return err
		})
	case "leave":
		return w.act(r.ctx, p, func(*outcome) error { return w.sim.Part(w.guild, id[snowflake.UserID](q.User)) })
	case "fire":
		return w.fire(r.ctx, p, q.Name)
	case "fetch":
		return w.fetch(r.ctx, p, q)
	case "emit":
		return w.act(r.ctx, p, func(*outcome) error { w.bot.Emit(w.guild, q.Name, q.Payload); return nil })
	case "advance":
		return w.advance(r.ctx, p, time.Duration(q.MS*float64(time.Millisecond)))
	}
	return nil, fmt.Errorf("there is no %q", q.Do)
}

// newBot makes a world and deploys a script in it.
func (r *runner) newBot(q request) (any, error) {
	script := report.Bundle{}
	if q.Code != nil {
		script.Code = *q.Code
	} else {
		var err error
		if script, err = r.cfg.Bundle(r.ctx, q.File); err != nil {
			return nil, err
		}
	}
	guild, err := snowflake.ParseGuild(q.GuildID)
	if err != nil {
		return nil, fmt.Errorf("guildId %q is %w", q.GuildID, err)
	}
	w, err := newWorld(r.ctx, r.cfg, guild, q.setting)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.last++
	n := r.last
	r.worlds[n] = w
	r.mu.Unlock()
	w.ask = func(ctx context.Context, kind, name string, args json.RawMessage) (json.RawMessage, error) {
		return r.ask(ctx, n, kind, name, args)
	}
	if err := w.deploy(r.ctx, script); err != nil {
		r.keep(w)
		r.closeWorld(n)
		return nil, err
	}
	return map[string]any{
		"bot": n, "applicationId": w.gateway.Application(), "channelId": w.general, "user": w.user, "owner": w.owner,
	}, nil
}

// keep keeps the lines of a world that ends for the report of the test.
func (r *runner) keep(w *world) {
	lines := w.lines(0, false)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.output = append(r.output, lines...)
}

// native answers at once. What it answers is JSON with a value or an error.
func (r *runner) native(text string) v8.Result {
	var q request
	err := json.Unmarshal([]byte(text), &q)
	var out any
	if err == nil {
		out, err = r.now(q)
	}
	doc := map[string]any{"value": out}
	if err != nil {
		doc = map[string]any{"error": message(err)}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return v8.Error("%s", err.Error())
	}
	return v8.String(string(b))
}

func message(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f.Message
	}
	return discordsim.Reason(err)
}

func (r *runner) now(q request) (any, error) {
	switch q.Do {
	case "plan":
		r.cfg.Emit(report.Event{Type: report.Loaded, File: r.file.Name, Tests: q.Tests})
		return nil, nil
	case "start":
		r.start(q.Test)
		return nil, nil
	case "result":
		if q.Error != nil {
			q.Error.Message, q.Error.Stack = r.author(q.Error.Message), r.author(q.Error.Stack)
		}
		r.result(q.Test, q.Status, q.Error)
		return nil, nil
	case "answered":
		r.answered(q)
		return nil, nil
	case "close":
		r.closeWorld(q.Bot)
		return nil, nil
	}
	w, err := r.world(q.Bot)
	if err != nil {
		return nil, err
	}
	switch q.Do {
	case "look":
		return w.look()
	case "logs":
		return w.lines(0, true), nil
	case "calls":
		w.mu.Lock()
		defer w.mu.Unlock()
		return append([]call{}, w.calls...), nil
	case "override":
		w.mu.Lock()
		defer w.mu.Unlock()
		w.overridden[q.Name] = q.On
		return nil, nil
	case "addUser":
		return w.sim.Join(w.guild, q.Person.newcomer(true))
	case "addRole":
		return w.sim.AddRole(w.guild, q.Name, q.Permission)
	case "addChannel":
		var parent *snowflake.ChannelID
		if q.Parent != nil {
			p := id[snowflake.ChannelID](*q.Parent)
			parent = &p
		}
		return w.sim.AddChannel(w.guild, q.Name, q.Kind, q.Topic, parent)
	case "kvGet", "kvSet", "kvDelete", "kvEntries":
		return w.keys(r.ctx, q)
	}
	return nil, fmt.Errorf("there is no %q", q.Do)
}

// keys reads and writes the script's stores.
func (w *world) keys(ctx context.Context, q request) (any, error) {
	switch q.Do {
	case "kvGet":
		e, err := w.kv.Get(ctx, w.guild, q.Store, q.Key)
		if err != nil || !e.Found {
			return nil, err
		}
		return e.Value, nil
	case "kvSet":
		_, err := w.kv.Write(ctx, w.guild, q.Store, []kv.Change{{Key: q.Key, Value: q.Value, SetOptions: kv.SetOptions{Expiration: q.Expiration, Metadata: q.Metadata}}})
		return nil, err
	case "kvDelete":
		e, err := w.kv.Get(ctx, w.guild, q.Store, q.Key)
		if err == nil && e.Found {
			_, err = w.kv.Write(ctx, w.guild, q.Store, []kv.Change{{Key: q.Key, Delete: true}})
		}
		return e.Found, err
	}
	all := map[string]string{}
	for cursor := ""; ; {
		page, err := w.kv.List(ctx, w.guild, q.Store, kv.ListOptions{Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			e, err := w.kv.Get(ctx, w.guild, q.Store, k.Name)
			if err != nil {
				return nil, err
			}
			if e.Found {
				all[k.Name] = e.Value
			}
		}
		if page.Complete {
			return all, nil
		}
		cursor = page.Cursor
	}
}

// ask has the test answer in Discord's place, or the web's.
func (r *runner) ask(ctx context.Context, bot int, kind, name string, args json.RawMessage) (json.RawMessage, error) {
	got := make(chan answer, 1)
	r.mu.Lock()
	r.lastAsk++
	n := r.lastAsk
	r.asks[n] = got
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.asks, n)
	}()
	payload, err := json.Marshal(map[string]any{"bot": bot, "ask": n, "kind": kind, "name": name, "args": args})
	if err != nil {
		return nil, fmt.Errorf("encode a question: %w", err)
	}
	r.guild.Dispatch(isolate.Dispatch{ID: runID + uint64(n), Event: "ask", Payload: string(payload)}) //nolint:gosec // Counts from 1.
	select {
	case a := <-got:
		return a.value, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
}

func (r *runner) answered(q request) {
	r.mu.Lock()
	got := r.asks[q.Ask]
	delete(r.asks, q.Ask)
	r.mu.Unlock()
	if got == nil {
		return
	}
	a := answer{value: q.Answer}
	if q.Thrown != nil {
		a.err = refusal(q.Thrown)
	}
	got <- a
}
