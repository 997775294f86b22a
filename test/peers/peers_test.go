// Package peers_test lets unmodified Discord libraries from npm hold a
// conversation with discordsim: what they were made for Discord to say must
// satisfy them here. It drives the simulator by its control routes.
package peers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

const (
	// patience bounds every wait for a bot: starting node on a busy machine and
	// logging in again take seconds.
	patience = time.Minute
	// installing bounds npm.
	installing = 5 * time.Minute
)

func TestMain(m *testing.M) {
	if err := install(); err != nil {
		_, _ = os.Stderr.WriteString("peers: " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// install brings the pinned libraries when they are not there.
func install() error {
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("node is needed to run the bots: " + err.Error())
	}
	if _, err := os.Stat("node_modules/.package-lock.json"); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), installing)
	defer cancel()
	out, err := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		return errors.New("npm ci: " + err.Error() + "\n" + string(out))
	}
	return nil
}

// stage is a simulator with a bot on it.
type stage struct {
	t     *testing.T
	sim   *discordsim.Sim
	base  string
	guild string
	// channel is the guild's first.
	channel string
	places  [][2]string // All guilds with theirs.
	// lines are what the bot says, one JSON object each.
	lines chan map[string]any
	seen  int64
}

// perform starts a simulator and the bot of the script on it.
func perform(t *testing.T, script string, cfg discordsim.Config) *stage {
	t.Helper()
	cfg.Guilds, cfg.AnswerWithin = 2, patience
	sim, err := discordsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, sim: sim, base: "http://" + l.Addr().String(), lines: make(chan map[string]any, 100)}
	sim.SetBaseURL(s.base)
	server := &http.Server{Handler: sim.Handler()}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = sim.Close()
		_ = server.Close()
		<-served
	})
	s.find()
	s.start(script)
	return s
}

// start runs the bot until the test ends; its stdin tells it when.
func (s *stage) start(script string) {
	s.t.Helper()
	cmd := exec.CommandContext(context.Background(), "node", script, s.base)
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		d := json.NewDecoder(out)
		for {
			var line map[string]any
			if d.Decode(&line) != nil {
				return
			}
			s.lines <- line
		}
	}()
	s.t.Cleanup(func() {
		_ = in.Close()
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		<-read
		_ = cmd.Wait()
		if complaints.Len() > 0 {
			s.t.Errorf("the bot complains: %s", &complaints)
		}
	})
}

// hear waits for a line of the bot; an error of it fails the test.
func (s *stage) hear(event string) map[string]any {
	s.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line := <-s.lines:
			switch line["event"] {
			case event:
				return line
			case "error":
				s.t.Fatalf("the bot failed: %v", line["message"])
			}
		case <-timeout:
			s.t.Fatalf("the bot does not say %q", event)
		}
	}
}

// call sends a request to the simulator.
func (s *stage) call(method, path string, body any) (int, []byte) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, out
}

// find looks the guilds and their channels up; things happen in the first.
func (s *stage) find() {
	s.t.Helper()
	status, body := s.call("GET", "/sim", nil)
	var world struct {
		Guilds []struct {
			ID       string
			Channels []struct{ ID string }
		}
	}
	if err := json.Unmarshal(body, &world); err != nil || status != http.StatusOK || len(world.Guilds) != 2 {
		s.t.Fatalf("GET /sim: %d %s", status, body)
	}
	for _, g := range world.Guilds {
		s.places = append(s.places, [2]string{g.ID, g.Channels[0].ID})
	}
	s.goTo(0)
}

// goTo lets what follows happen in that guild.
func (s *stage) goTo(n int) { s.guild, s.channel = s.places[n][0], s.places[n][1] }

// message is what is looked at of a message.
type message struct {
	ID        string
	Content   string
	Type      int
	Flags     int
	Pinned    bool
	Author    struct{ Bot bool }
	Reactions []struct{ Count int }
	Thread    *struct{ Name string }
	Reference *struct {
		ID string `json:"message_id"`
	} `json:"message_reference"`
	Components []any
}

func (s *stage) messages() string {
	return "/sim/guilds/" + s.guild + "/channels/" + s.channel + "/messages"
}

// say lets a person say something and returns the message's id.
func (s *stage) say(content string) string {
	s.t.Helper()
	status, body := s.call("POST", s.messages(), map[string]any{"content": content})
	var m message
	if err := json.Unmarshal(body, &m); err != nil || status != http.StatusOK {
		s.t.Fatalf("say: %d %s", status, body)
	}
	return m.ID
}

// history are the messages of the channel.
func (s *stage) history() []message {
	s.t.Helper()
	_, body := s.call("GET", s.messages(), nil)
	var list []message
	if err := json.Unmarshal(body, &list); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
	return list
}

// after waits for the bot's next request of the route that succeeded.
func (s *stage) after(route string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := s.sim.WaitRequest(ctx, s.seen, func(r discordsim.Request) bool { return r.Route == route && r.Status < 300 })
	if err != nil {
		s.t.Fatalf("the bot makes no %s: %v", route, err)
	}
	s.seen = r.Seq
}

// outcome is what a person sees of an interaction.
type outcome struct {
	Type      string
	Content   string
	Ephemeral bool
	Error     string
	Message   message
	Modal     struct {
		CustomID string `json:"custom_id"`
	}
}

// act lets a person do something to the bot.
func (s *stage) act(action map[string]any) outcome {
	s.t.Helper()
	status, body := s.call("POST", "/sim/guilds/"+s.guild+"/interactions", action)
	var o outcome
	if err := json.Unmarshal(body, &o); err != nil || status != http.StatusOK {
		s.t.Fatalf("%v: %d %s", action, status, body)
	}
	return o
}

// identifies waits until so many sessions were begun and so many are connected.
func (s *stage) identifies(want, live int) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for {
		connected, begun := s.sim.Sessions()
		if begun == want && connected == live {
			return
		}
		select {
		case <-tick.C:
		case <-timeout:
			s.t.Fatalf("%d sessions were begun and %d are connected, want %d and %d", begun, connected, want, live)
		}
	}
}
