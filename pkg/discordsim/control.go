package discordsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxControlBody is the largest body of a control request.
const maxControlBody = 8 << 20

// controlTree finds the handler of a control request.
type controlTree struct {
	tree     tree
	handlers map[*route]func(*controlCall) (any, error)
}

// controlCall is one request to a control route. Its handler takes Sim.mu itself.
type controlCall struct {
	sim    *Sim
	req    *http.Request
	route  *route
	values []string
	status int
}

func (c *controlCall) param(name string) string {
	for i, n := range c.route.params {
		if n == name {
			return c.values[i]
		}
	}
	return ""
}

// controlRoutes is the table of the control surface.
func (s *Sim) controlRoutes() *controlTree {
	const one = "/guilds/{guild}"
	const messages = one + "/channels/{channel}/messages"
	const reactions = messages + "/{message}/reactions"
	t := &controlTree{handlers: map[*route]func(*controlCall) (any, error){}}
	for _, r := range []struct {
		method, pattern string
		handle          func(*controlCall) (any, error)
	}{
		{"GET", "", s.controlWorld},
		{"POST", "/guilds", s.controlFoundGuild},
		{"GET", one, s.controlGuild},
		{"DELETE", one, s.controlLeaveGuild},
		{"POST", one + "/outage", s.controlOutage},
		{"DELETE", one + "/outage", s.controlEndOutage},
		{"GET", one + "/stream", s.controlStream},
		{"POST", one + "/members", s.controlJoin},
		{"DELETE", one + "/members/{member}", s.controlPart},
		{"POST", one + "/events", s.controlEvent},
		{"GET", messages, s.controlMessages},
		{"POST", messages, s.controlSay},
		{"PATCH", messages + "/{message}", s.controlEdit},
		{"DELETE", messages + "/{message}", s.controlDelete},
		{"PUT", reactions, s.controlReact},
		{"DELETE", reactions, s.controlUnreact},
		{"PUT", messages + "/{message}/votes", s.controlVote},
		{"PUT", one + "/voice", s.controlVoice},
		{"PUT", one + "/scheduled-events/{event}/users", s.controlAttend},
		{"POST", one + "/interactions", s.controlInteract},
		{"GET", "/requests", s.controlRequests},
		{"GET", "/faults", s.controlFaults},
		{"POST", "/faults", s.controlFail},
		{"DELETE", "/faults", s.controlClearFaults},
		{"GET", "/gateway", s.controlSessions},
		{"GET", "/gateway/connections", s.controlLives},
		{"GET", "/gateway/dispatches", s.controlDispatches},
		{"GET", "/interactions", s.controlInteractions},
		{"POST", "/gateway", s.controlGateway},
		{"GET", "/oauth", s.controlGrants},
		{"POST", "/oauth", s.controlOAuth},
		{"POST", "/flood", s.controlFlood},
		{"GET", "/attachments/{channel}/{attachment}/{name}", s.controlAttachment},
	} {
		rt := &route{method: r.method, pattern: r.pattern}
		t.tree.add(rt)
		t.handlers[rt] = r.handle
	}
	return t
}

// serveControl answers a request below /sim. A page of another site, which a
// browser marks by Origin, is refused.
func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" && !sameHost(origin, r.Host) {
		writeError(w, refuse(http.StatusForbidden, 0, "the simulator takes no requests from pages of other sites"))
		return
	}
	segments, ok := splitPath(r.URL, "/sim")
	if n := len(segments); ok && n > 1 && segments[n-1] == "" {
		segments = segments[:n-1]
	}
	var rt *route
	var values []string
	var known bool
	if ok {
		rt, values, known = s.control.tree.find(r.Method, segments, make([]string, 0, 4))
	}
	switch {
	case rt == nil && known:
		writeError(w, refuse(http.StatusMethodNotAllowed, 0, r.Method+" is not known for this path"))
		return
	case rt == nil:
		writeError(w, refuse(http.StatusNotFound, 0, "the simulator has no such path; GET /sim shows what is there"))
		return
	}
	c := &controlCall{sim: s, req: r, route: rt, values: values}
	out, err := s.control.handlers[rt](c)
	if err != nil {
		status, body := encodeError(err)
		writeJSON(w, status, body)
		return
	}
	if st, ok := out.(*stream); ok {
		st.run(w, r)
		return
	}
	c.write(w, out)
}

// blob is an answer that is not JSON.
type blob struct {
	kind string
	data []byte
}

func (c *controlCall) write(w http.ResponseWriter, out any) {
	switch out := out.(type) {
	case nil:
		writeJSON(w, http.StatusNoContent, nil)
	case blob:
		// What was uploaded is shown as data, never run by a browser.
		w.Header().Set("Content-Type", out.kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		_, _ = w.Write(out.data)
	case json.RawMessage:
		writeJSON(w, max(c.status, http.StatusOK), out)
	default:
		body, err := encodeJSON(out)
		if err != nil {
			status, text := encodeError(err)
			writeJSON(w, status, text)
			return
		}
		writeJSON(w, max(c.status, http.StatusOK), body)
	}
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, host)
}

// wrong is a 400 that says what to change.
func wrong(format string, args ...any) error {
	return refuse(http.StatusBadRequest, 50035, fmt.Sprintf(format, args...))
}

func absent(code int, format string, args ...any) error {
	return refuse(http.StatusNotFound, code, fmt.Sprintf(format, args...))
}

// decode reads the body as one JSON object into v; unknown keys are refused by name.
func (c *controlCall) decode(v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.req.Body, maxControlBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, 40005, fmt.Sprintf("the body must be at most %d bytes", maxControlBody))
	case err != nil:
		return wrong("the body could not be read")
	case len(bytes.TrimSpace(body)) == 0:
		body = []byte("{}")
	}
	doc, err := decodeJSON(body)
	if err != nil {
		return wrong("the body must be one JSON object (it does not parse)")
	}
	if doc == nil { // Which would decode into anything.
		return wrong("the body must be a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return wrong("%s", decodeFailure(err))
	}
	return nil
}

func decodeFailure(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return "the body must be a JSON object"
		}
		return fmt.Sprintf("%s must be %s, not %s", kind.Field, kindName(kind.Type), kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "unknown key " + name
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct, reflect.Pointer:
		return "an object"
	default:
		return "a number"
	}
}

// count reads a number of the query within 0..most.
func (c *controlCall) count(name string, standard, most int) (int, error) {
	text := c.req.URL.Query().Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, wrong("%s must be a number from 0 to %d", name, most)
	}
	return n, nil
}

// after reads the id of the query that a list goes on behind; 0 is the start.
func (c *controlCall) after() (uint64, error) { return c.id("after") }

// id reads an id of the query, 0 if there is none.
func (c *controlCall) id(name string) (uint64, error) {
	text := c.req.URL.Query().Get(name)
	if text == "" || text == "0" {
		return 0, nil
	}
	id, err := snowflake.ParseGuild(text)
	if err != nil {
		return 0, wrong("%s must be an id", name)
	}
	return uint64(id), nil
}

// guild finds the guild of the path. Sim.mu is held.
func (c *controlCall) guild() (*guild, error) {
	id, err := snowflake.ParseGuild(c.param("guild"))
	if err != nil {
		return nil, wrong("%q is not a guild id", clip(c.param("guild")))
	}
	g := c.sim.guilds[id]
	if g == nil {
		return nil, absent(10004, "there is no guild %s", id)
	}
	return g, nil
}

// decodeInGuild reads the body and finds the guild of the path.
func (c *controlCall) decodeInGuild(into any) (*guild, error) {
	if err := c.decode(into); err != nil {
		return nil, err
	}
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.guild()
}

// channel finds the guild's channel of the path. Sim.mu is held.
func (c *controlCall) channel() (*channel, error) {
	g, err := c.guild()
	if err != nil {
		return nil, err
	}
	id, err := snowflake.ParseChannel(c.param("channel"))
	if err != nil {
		return nil, wrong("%q is not a channel id", clip(c.param("channel")))
	}
	ch := g.channels[id]
	if ch == nil {
		return nil, absent(10003, "guild %s has no channel %s", g.ID, id)
	}
	return ch, nil
}

// message finds the message of the path. Sim.mu is held.
func (c *controlCall) message() (*message, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, err
	}
	id, err := snowflake.ParseGuild(c.param("message"))
	if err != nil {
		return nil, wrong("%q is not a message id", clip(c.param("message")))
	}
	m := ch.messages.get(snowflake.MessageID(id))
	if m == nil {
		return nil, absent(10008, "channel %s has no message %s", ch.ID, id)
	}
	return m, nil
}

// speaker finds a member by id or user name; "" is the plain member, or the
// first one when that has left.
func (s *Sim) speaker(g *guild, author string) (*member, error) {
	if author == "" {
		if m := g.members[s.person(plainMember).ID]; m != nil {
			return m, nil
		}
		author = people[0]
	}
	if id, err := snowflake.ParseGuild(author); err == nil {
		if m := g.members[snowflake.UserID(id)]; m != nil {
			return m, nil
		}
	}
	for _, m := range g.members {
		if m.User.Username == author {
			return m, nil
		}
	}
	return nil, wrong("author %q is no member of the guild; GET /sim lists the users", clip(author))
}
