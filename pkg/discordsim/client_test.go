package discordsim_test

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Intents of the tests.
const (
	guilds         = 1 << 0
	guildMembers   = 1 << 1
	guildPresences = 1 << 8
	guildMessages  = 1 << 9
	messageContent = 1 << 15
	everything     = guilds | guildMembers | 1<<2 | 1<<3 | 1<<5 | 1<<6 | guildMessages | 1<<10 | 1<<11 | messageContent
)

// payload is one message of the gateway.
type payload struct {
	Op int             `json:"op"`
	T  string          `json:"t"`
	S  int64           `json:"s"`
	D  json.RawMessage `json:"d"`
}

func (p payload) object(t *testing.T) object {
	t.Helper()
	var out object
	if err := json.Unmarshal(p.D, &out); err != nil {
		t.Fatalf("%s: %v", p.D, err)
	}
	return out
}

// client is a gateway connection of a test; reads happen on the test's own
// goroutine.
type client struct {
	t       *testing.T
	ws      *websocket.Conn
	session string
	url     string
	seq     int64
	// inflate decodes a zlib-stream.
	packed  *bytes.Buffer
	inflate io.Reader
}

// dial opens a connection; query is what stands after the "?".
func (w *world) dial(query string) *client {
	w.t.Helper()
	url := "ws" + strings.TrimPrefix(w.base, "http") + "/gateway"
	ws, resp, err := websocket.DefaultDialer.Dial(url+"?"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	c := &client{t: w.t, ws: ws, url: url}
	if strings.Contains(query, "compress=zlib-stream") {
		c.packed = new(bytes.Buffer)
	}
	w.t.Cleanup(func() { _ = ws.Close() })
	return c
}

// login dials, identifies and reads up to READY and the guilds of it.
func (w *world) login(intents int) *client {
	w.t.Helper()
	c := w.dial("v=10&encoding=json")
	c.want(10)
	c.identify(intents, nil)
	ready := c.event("READY").object(w.t)
	c.session = textOf(ready["session_id"])
	if intents&guilds != 0 {
		list, _ := ready["guilds"].([]any)
		for range list {
			c.event("GUILD_CREATE")
		}
	}
	return c
}

func (c *client) identify(intents int, more object) {
	c.t.Helper()
	d := object{"token": "token", "intents": intents, "properties": object{"os": "linux"}}
	for k, v := range more {
		d[k] = v
	}
	c.send(2, d)
}

func (c *client) send(op int, d any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(object{"op": op, "d": d}); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next payload, or the error that ended the connection.
func (c *client) read() (payload, error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		return payload{}, err
	}
	if kind == websocket.BinaryMessage {
		data = c.unpack(data)
	}
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		c.t.Fatalf("%v: %q", err, data)
	}
	if p.Op == 0 {
		c.seq = p.S
	}
	return p, nil
}

func (c *client) unpack(data []byte) []byte {
	c.t.Helper()
	if c.packed == nil { // "compress": true packs single payloads.
		r, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			c.t.Fatal(err)
		}
		out, err := io.ReadAll(r)
		if err != nil {
			c.t.Fatal(err)
		}
		return out
	}
	if !bytes.HasSuffix(data, []byte{0, 0, 0xff, 0xff}) {
		c.t.Fatal("a payload of the zlib stream must end with its flush mark")
	}
	c.packed.Write(data)
	if c.inflate == nil {
		r, err := zlib.NewReader(c.packed)
		if err != nil {
			c.t.Fatal(err)
		}
		c.inflate = r
	}
	d := json.NewDecoder(c.inflate)
	var out json.RawMessage
	if err := d.Decode(&out); err != nil {
		c.t.Fatal(err)
	}
	return out
}

// next returns the next payload; entries of the audit log, which follow what
// the bot does, are left out.
func (c *client) next() payload {
	c.t.Helper()
	for {
		if p := c.any(); p.T != auditEntry {
			return p
		}
	}
}

const auditEntry = "GUILD_AUDIT_LOG_ENTRY_CREATE"

func (c *client) any() payload {
	c.t.Helper()
	p, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// want returns the next payload, which must have the opcode.
func (c *client) want(op int) payload {
	c.t.Helper()
	p := c.next()
	if p.Op != op {
		c.t.Fatalf("got op %d %s %s, want op %d", p.Op, p.T, p.D, op)
	}
	return p
}

// event returns the next payload, which must be the dispatch.
func (c *client) event(name string) payload {
	c.t.Helper()
	next := c.next
	if name == auditEntry {
		next = c.any
	}
	p := next()
	if p.Op != 0 || p.T != name {
		c.t.Fatalf("got op %d %s %s, want %s", p.Op, p.T, p.D, name)
	}
	return p
}

// until reads to the dispatch with the name and returns it.
func (c *client) until(name string) payload {
	c.t.Helper()
	for {
		if p := c.next(); p.T == name {
			return p
		}
	}
}

// nothing checks that no event is waiting: the heartbeat's answer comes next.
func (c *client) nothing() {
	c.t.Helper()
	c.send(1, nil)
	c.want(11)
}

// closed reads to the end and returns the close code, 1006 for a broken connection.
func (c *client) closed() int {
	c.t.Helper()
	for {
		_, err := c.read()
		if err == nil {
			continue
		}
		var closing *websocket.CloseError
		if errors.As(err, &closing) {
			return closing.Code
		}
		return websocket.CloseAbnormalClosure
	}
}

// resume goes on with the session of an earlier connection.
func (w *world) resume(old *client) *client {
	w.t.Helper()
	c := w.dial("v=10&encoding=json")
	c.want(10)
	c.session = old.session
	c.send(6, object{"token": "token", "session_id": old.session, "seq": old.seq})
	return c
}

// drop breaks the client's connection from its side.
func (c *client) drop() { _ = c.ws.NetConn().Close() }
