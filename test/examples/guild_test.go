package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// guild is a server of the simulated Discord with one of the bots in it.
type guild struct {
	t       *testing.T
	rig     *rig.Process
	token   string
	id      string
	channel string            // The first one.
	users   map[string]string // Ids by name.
	role    string            // One that the bot may give.
}

// message is what people see of a message.
type message struct {
	ID         string
	Content    string
	Author     struct{ ID, Username string }
	Embeds     []embed
	Components []component
	Reactions  []struct {
		Count int
		Emoji struct{ Name string }
	}
	Poll *struct {
		Question struct{ Text string }
		Answers  []struct {
			ID int `json:"answer_id"`
		}
	}
}

type embed struct {
	Title, Description, URL string
	Footer                  struct{ Text string }
	Fields                  []struct{ Name, Value string }
}

type component struct {
	Label      string
	CustomID   string `json:"custom_id"`
	Components []component
}

// outcome is what somebody sees of an interaction.
type outcome struct {
	Type, Content, Error string
	Ephemeral            bool
	Message              message
	Modal                struct {
		Title    string
		CustomID string `json:"custom_id"`
	}
	Choices []struct{ Name, Value string }
}

// all is everything that a message says, for looking things up in it.
func (m message) all() string {
	var b strings.Builder
	b.WriteString(m.Content)
	for _, e := range m.Embeds {
		fmt.Fprintf(&b, "\n%s\n%s\n%s", e.Title, e.Description, e.Footer.Text)
		for _, f := range e.Fields {
			fmt.Fprintf(&b, "\n%s: %s", f.Name, f.Value)
		}
	}
	return b.String()
}

// button gives the custom id of the button with the label.
func (m message) button(t *testing.T, label string) string {
	t.Helper()
	for _, row := range m.Components {
		for _, c := range row.Components {
			if c.Label == label {
				return c.CustomID
			}
		}
	}
	t.Fatalf("the message %q has no button %q", m.all(), label)
	return ""
}

// call sends a request and gives the answer, which must be a good one.
func (g *guild) call(method, path string, body, into any) {
	g.t.Helper()
	var doc []byte
	if body != nil {
		var err error
		if doc, err = json.Marshal(body); err != nil {
			g.t.Fatal(err)
		}
	}
	status, answer, err := rig.Call(method, g.rig.URL+path, g.token, doc)
	if err != nil || status >= http.StatusBadRequest {
		g.t.Fatalf("%s %s %s: %d %s %v\n%s", method, path, doc, status, answer, err, g.log())
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			g.t.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
}

// log is the guild's log.
func (g *guild) log() string {
	_, answer, err := rig.Call("GET", g.rig.URL+"/api/logs/"+g.id, g.token, nil)
	if err != nil {
		return err.Error()
	}
	return string(answer)
}

func (g *guild) sim(path string) string { return "/sim/guilds/" + g.id + path }

// deploy puts the example into the guild.
func (g *guild) deploy(name string) {
	g.t.Helper()
	folder := filepath.Join("..", "..", "examples", name)
	source, err := os.ReadFile(filepath.Join(folder, "main.ts"))
	if errors.Is(err, fs.ErrNotExist) { // Those that projects can begin with have the form of one.
		source, err = os.ReadFile(filepath.Join(folder, "src", "main.ts"))
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.deploySource(string(source))
}

func (g *guild) deploySource(source string) {
	g.t.Helper()
	var answer struct{ Warnings []string }
	g.call("POST", "/api/deployments/"+g.id, map[string]any{"entry": "main.ts", "files": []any{map[string]string{"path": "main.ts", "contents": source}}}, &answer)
	if len(answer.Warnings) > 0 {
		g.t.Fatalf("the deploy warns: %q", answer.Warnings)
	}
}

// say lets somebody say something.
func (g *guild) say(author, content string) message {
	g.t.Helper()
	return g.sayIn(g.channel, author, content)
}

func (g *guild) sayIn(channel, author, content string) message {
	g.t.Helper()
	var m message
	g.call("POST", g.sim("/channels/"+channel+"/messages"), map[string]string{"content": content, "author": author}, &m)
	return m
}

// messages are those of the channel, newest last.
func (g *guild) messages(channel string) []message {
	g.t.Helper()
	var all []message
	g.call("GET", g.sim("/channels/"+channel+"/messages"), nil, &all)
	return all
}

// see waits for a message of the bot's with all of the texts in it, and gives
// the newest.
func (g *guild) see(texts ...string) message {
	g.t.Helper()
	return g.seeIn(g.channel, texts...)
}

func (g *guild) seeIn(channel string, texts ...string) message {
	g.t.Helper()
	var found message
	g.until(fmt.Sprintf("a message with %q", texts), func() bool {
		for _, m := range g.messages(channel) {
			if m.Author.Username == "flora" && hasAll(m.all(), texts) {
				found = m
			}
		}
		return found.ID != ""
	})
	return found
}

func hasAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// message gives a message of the first channel as it is now.
func (g *guild) message(id string) (message, bool) {
	g.t.Helper()
	for _, m := range g.messages(g.channel) {
		if m.ID == id {
			return m, true
		}
	}
	return message{}, false
}

// reacted waits until the message has the reaction.
func (g *guild) reacted(id, emoji string) {
	g.t.Helper()
	g.until("the reaction "+emoji, func() bool {
		m, _ := g.message(id)
		for _, r := range m.Reactions {
			if r.Emoji.Name == emoji {
				return true
			}
		}
		return false
	})
}

func (g *guild) until(what string, cond func() bool) {
	g.t.Helper()
	if err := rig.Until(what, func() (bool, error) { return cond(), nil }); err != nil {
		g.t.Fatalf("%v\n%s", err, g.log())
	}
}

// act lets somebody do something to the bot.
func (g *guild) act(author string, a map[string]any) outcome {
	g.t.Helper()
	var out outcome
	a["author"], a["wait"] = author, true
	g.call("POST", g.sim("/interactions"), a, &out)
	if out.Type == "error" || strings.HasPrefix(out.Content, "Sorry, something went wrong") {
		g.t.Fatalf("%v: %s %s\n%s", a, out.Error, out.Content, g.log())
	}
	return out
}

type options = map[string]any

// use lets somebody use a slash command: "mod warn".
func (g *guild) use(author, command string, o options) outcome {
	g.t.Helper()
	name, sub, _ := strings.Cut(command, " ")
	return g.act(author, map[string]any{"command": name, "subcommand": sub, "options": o})
}

// menu lets somebody use a context-menu command.
func (g *guild) menu(author, command, target string) outcome {
	g.t.Helper()
	return g.act(author, map[string]any{"command": command, "target": target})
}

// click lets somebody use a button, or a select with values.
func (g *guild) click(author string, m message, customID string, values ...string) outcome {
	g.t.Helper()
	a := map[string]any{"custom_id": customID, "message_id": m.ID}
	if len(values) > 0 {
		a["values"] = values
	}
	return g.act(author, a)
}

// submit lets somebody send the modal that is open.
func (g *guild) submit(author, modal string, fields options) outcome {
	g.t.Helper()
	return g.act(author, map[string]any{"modal": modal, "fields": fields})
}

func (g *guild) react(author string, m message, emoji string) {
	g.t.Helper()
	g.call("PUT", g.sim("/channels/"+g.channel+"/messages/"+m.ID+"/reactions"), options{"emoji": emoji, "author": author}, nil)
}

func (g *guild) unreact(author string, m message, emoji string) {
	g.t.Helper()
	g.call("DELETE", g.sim("/channels/"+g.channel+"/messages/"+m.ID+"/reactions"), options{"emoji": emoji, "author": author}, nil)
}

// join lets somebody come into the guild and gives the id.
func (g *guild) join(username string) string {
	g.t.Helper()
	var m struct{ User struct{ ID string } }
	g.call("POST", g.sim("/members"), options{"username": username}, &m)
	return m.User.ID
}

func (g *guild) leave(user string) {
	g.t.Helper()
	g.call("DELETE", g.sim("/members/"+user), nil, nil)
}

// state is who and what there is in the guild.
type state struct {
	Channels []struct{ ID, Name string }
	Roles    []struct{ ID, Name string }
	Members  []struct {
		ID, Username string
		Roles        []string
	}
}

func (g *guild) state() (s state) {
	g.t.Helper()
	g.call("GET", g.sim(""), nil, &s)
	return s
}

// hasRole tells whether the member has the role.
func (g *guild) hasRole(user, role string) bool {
	g.t.Helper()
	for _, m := range g.state().Members {
		if m.ID == user {
			for _, r := range m.Roles {
				if r == role {
					return true
				}
			}
		}
	}
	return false
}

// kv is what the bot keeps under the key, or "".
func (g *guild) kv(store, key string) string {
	g.t.Helper()
	var v struct{ Value *string }
	status, answer, err := rig.Call("GET", g.rig.URL+"/api/kv/"+g.id+"/"+store+"/"+key, g.token, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	if status != http.StatusOK {
		return ""
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		g.t.Fatal(err)
	}
	if v.Value == nil {
		return ""
	}
	return *v.Value
}

// want fails the test when the outcome does not say all of the texts.
func (g *guild) want(o outcome, texts ...string) outcome {
	g.t.Helper()
	if text := o.Content + "\n" + o.Message.all(); !hasAll(text, texts) {
		g.t.Fatalf("got %s %q, want it to have %q\n%s", o.Type, text, texts, g.log())
	}
	return o
}

// find gives the id of the channel with the name, or "".
func (g *guild) find(name string) string {
	g.t.Helper()
	for _, c := range g.state().Channels {
		if c.Name == name {
			return c.ID
		}
	}
	return ""
}

// newChannel makes a channel, which only a bot can here; another bot than the
// example, which has to be deployed again.
func (g *guild) newChannel(name string) string {
	g.t.Helper()
	g.deploySource(`await rest.createChannel({ payload: { name: "` + name + `", type: 0 } });`)
	id := g.find(name)
	if id == "" {
		g.t.Fatalf("there is no channel %s\n%s", name, g.log())
	}
	return id
}
