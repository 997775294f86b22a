package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a configuration file.
func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "flora.toml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := Load(Options{File: write(t, "")})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Runtime.MaxWorkers != min(runtime.NumCPU(), 64) {
		t.Errorf("%d workers", got.Runtime.MaxWorkers)
	}
	if got.KVPath() != filepath.Join("data", "kv") || got.StatePath() != filepath.Join("data", "state") {
		t.Errorf("%s, %s", got.KVPath(), got.StatePath())
	}
	for _, s := range settings {
		if v := s.of(&want); s.check != "filled" && s.check != "token" {
			if _, ok := s.convert(toRaw(v)); !ok {
				t.Errorf("the default of %s, %v, is not %s", s.key, v, s.allowed())
			}
		}
	}
}

// toRaw makes of a typed value what a TOML file would give.
func toRaw(v any) any {
	if n, ok := v.(int); ok {
		return int64(n)
	}
	return v
}

func TestLayers(t *testing.T) {
	t.Parallel()
	file := `
data_dir = "/srv/flora"
log_level = "WARN"
[discord]
compress = false
privileged_intents = ["guild_presences", "message_content"]
[api]
port = 1000
trusted_proxies = ["10.1.0.0/16", "::1"]
[secrets]
previous_keys = ["0123456789abcdef0123456789abcdef"]
[runtime]
max_workers = 3
jit = "on"
[kv]
[kv.limits]
max_guild_bytes = 1099511627776
`
	rows := map[string]struct {
		env   []string
		flags map[string]string
		want  func(c *Config)
	}{
		"file": {nil, nil, func(*Config) {}},
		"the environment is above the file": {
			[]string{"FLORA_API_PORT=2000", "FLORA_RUNTIME_JIT=off", "FLORA_KV_LIMITS_WRITES_PER_MINUTE=7", "FLORA_DISCORD_COMPRESS=TRUE", "OTHER=1", "FLORA_LOG_FORMAT=json"}, nil,
			func(c *Config) {
				c.API.Port, c.Runtime.JIT, c.KV.Limits.WritesPerMinute, c.Discord.Compress, c.LogFormat = 2000, "off", 7, true, "json"
			},
		},
		"the original's names": {
			[]string{
				"DISCORD_TOKEN=t0ken", "API_PORT=2001", "API_ADDRESS=::1", "RUNTIME_MAX_WORKERS=5", "RUNTIME_DISPATCH_TIMEOUT_SECS=4", "RUNTIME_REST_TIMEOUT_MS=900", "RUNTIME_WORKER_QUEUE_CAPACITY=99",
				"RUST_LOG=flora::runtime=debug,flora=info",
			}, nil,
			func(c *Config) {
				c.Discord.BotToken, c.API.Port, c.API.Address, c.Runtime.MaxWorkers = "t0ken", 2001, "::1", 5
				c.Runtime.DispatchTimeoutSecs, c.Runtime.RestTimeoutMS, c.Runtime.QueueCapacity, c.LogLevel = 4, 900, 99, "debug"
			},
		},
		"our name wins over the original's":    {[]string{"FLORA_API_PORT=2002", "API_PORT=2003"}, nil, func(c *Config) { c.API.Port = 2002 }},
		"flags are above all":                  {[]string{"FLORA_API_PORT=2002"}, map[string]string{"api.port": "2004", "data_dir": "/d"}, func(c *Config) { c.API.Port, c.DataDir = 2004, "/d" }},
		"an empty variable is not set":         {[]string{"API_PORT=", "FLORA_DATA_DIR="}, nil, func(*Config) {}},
		"a service link is not ours":           {[]string{"FLORA_API_PORT=tcp://10.0.0.1:80", "FLORA_API_SERVICE_HOST=10.0.0.1", "FLORA_API_PORT_80_TCP_ADDR=10.0.0.1", "FLORA_API_SERVICE_PORT_HTTP=80"}, nil, func(*Config) {}},
		"the command line tool's are not ours": {[]string{"FLORA_TOKEN=x", "FLORA_API_URL=http://x", "FLORA_GUILD=1", "FLORA_SOMETHING=1"}, nil, func(*Config) {}},
		"a list in the environment":            {[]string{"FLORA_DISCORD_PRIVILEGED_INTENTS=none"}, nil, func(c *Config) { c.Discord.PrivilegedIntents = "none" }},
		"the original's database":              {[]string{"DATABASE_URL=postgres://u:p@h/d"}, nil, func(c *Config) { c.Database.URL = "postgres://u:p@h/d" }},
		"a database's socket":                  {[]string{"FLORA_DATABASE_URL=postgresql:///d?host=/run/postgresql"}, nil, func(c *Config) { c.Database.URL = "postgresql:///d?host=/run/postgresql" }},
		"a plain level of the original":        {[]string{"RUST_LOG=trace"}, nil, func(c *Config) { c.LogLevel = "debug" }},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := Default()
			want.DataDir, want.LogLevel, want.Discord.Compress, want.API.Port = "/srv/flora", "warn", false, 1000
			want.Discord.PrivilegedIntents = "guild_presences,message_content"
			want.API.TrustedProxies, want.Secrets.PreviousKeys = "10.1.0.0/16,::1", "0123456789abcdef0123456789abcdef"
			want.Runtime.MaxWorkers, want.Runtime.JIT, want.KV.Limits.MaxGuildBytes = 3, "on", 1<<40
			row.want(&want)
			got, err := Load(Options{File: write(t, file), Env: row.env, Flags: row.flags})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		file  string
		env   []string
		flags map[string]string
		want  []string
	}{
		"an unknown key":           {"[runtime]\nmax_workrs = 2", nil, nil, []string{"runtime.max_workrs (in FILE) is not a configuration key; did you mean runtime.max_workers?"}},
		"a key in no section":      {"max_workers = 2", nil, nil, []string{"max_workers (in FILE) is not a configuration key; did you mean runtime.max_workers?"}},
		"a key far from all":       {"[zzz]\nqqqqqqqq = 2", nil, nil, []string{"zzz.qqqqqqqq (in FILE) is not a configuration key"}},
		"an empty unknown section": {"[zzz]", nil, nil, []string{"zzz (in FILE) is not a configuration key"}},
		"a section with a value":   {"runtime = 5", nil, nil, []string{"runtime (in FILE) is a section, not a key; write [runtime]"}},
		"a key of the original":    {"[build_service]\nurl = 'http://x'", nil, nil, []string{"build_service.url (in FILE) has no effect here: builds run in the runtime itself"}},
		"an unknown variable":      {"", []string{"FLORA_RUNTIME_MAX_WORKRS=2"}, nil, []string{"runtime.max_workrs (in the environment variable FLORA_RUNTIME_MAX_WORKRS) is not a configuration key; did you mean runtime.max_workers?"}},
		"an unknown deep variable": {"", []string{"FLORA_KV_LIMITS_MAX_BYTES=2"}, nil, []string{"kv.limits.max_bytes (in the environment variable FLORA_KV_LIMITS_MAX_BYTES) is not"}},
		"an unknown flag":          {"", nil, map[string]string{"api.prt": "1"}, []string{"api.prt (in the command line) is not a configuration key; did you mean api.port?"}},
		"too small":                {"[runtime]\nmax_workers = 0", nil, nil, []string{"runtime.max_workers is 0 (from FILE), but it must be a whole number from 1 to 64"}},
		"too large":                {"", []string{"API_PORT=65536"}, nil, []string{`api.port is "65536" (from the environment variable API_PORT), but it must be a whole number from 0 to 65535`}},
		"far too large":            {"[api]\nport = 9223372036854775807", nil, nil, []string{"api.port is 9223372036854775807 (from FILE)"}},
		"no number":                {"", nil, map[string]string{"api.port": "many"}, []string{`api.port is "many" (from the command line), but it must be a whole number from 0 to 65535`}},
		"a fraction":               {"[api]\nport = 1.5", nil, nil, []string{"api.port is 1.5 (from FILE)"}},
		"a list":                   {"[api]\nport = [1]", nil, nil, []string{"api.port is [1] (from FILE)"}},
		"a string for a flag":      {"[discord]\ncompress = 'maybe'", nil, nil, []string{`discord.compress is "maybe" (from FILE), but it must be true or false`}},
		"a number for a string":    {"data_dir = 5", nil, nil, []string{"data_dir is 5 (from FILE), but it must be a path that is not empty"}},
		"a choice":                 {"[runtime]\nisolation = 'container'", nil, nil, []string{`runtime.isolation is "container" (from FILE), but it must be one of process, none`}},
		"an address":               {"[api]\naddress = 'localhost'", nil, nil, []string{`api.address is "localhost" (from FILE), but it must be an IP address`}},
		"no names of intents":      {"[discord]\nintents = 'guilds;1'", nil, nil, []string{`discord.intents is "guilds;1" (from FILE), but it must be names of Discord's intents`}},
		"an intent":                {"[discord]\nprivileged_intents = ['guilds']", nil, nil, []string{`discord.privileged_intents is [guilds] (from FILE), but it must be names with commas between them`}},
		"a base":                   {"[discord]\napi_base = 'discord.com/api'", nil, nil, []string{`discord.api_base is "discord.com/api" (from FILE), but it must be an http or https address`}},
		"a secret is not shown":    {"[discord]\nbot_token = 'Bot s3cret'", nil, nil, []string{"discord.bot_token is <hidden> (from FILE), but it must be a bot token without spaces"}},
		"another secret":           {"[discord]\nclient_secret = 'a s3cret'", nil, nil, []string{"discord.client_secret is <hidden> (from FILE), but it must be text without spaces"}},
		"no database":              {"[database]\nurl = 'mysql://flora:s3cret@db/flora'", nil, nil, []string{"database.url is <hidden> (from FILE), but it must be an address like postgres://user:password@host:5432/flora"}},
		"a database without host":  {"", []string{"DATABASE_URL=postgres:///flora"}, nil, []string{"database.url is <hidden> (from the environment variable DATABASE_URL)"}},
		"a long value is cut":      {"log_level = '" + strings.Repeat("x", 500) + "'", nil, nil, []string{"xxx... (from FILE)"}},
		"a level of the original":  {"", []string{"RUST_LOG=loud"}, nil, []string{`log_level is "loud" (from the environment variable RUST_LOG), but it must be one of debug, info, warn, error`}},
		"everything that is wrong": {"a = 1\n[api]\nport = -1", []string{"FLORA_LOG_FORMAT=xml"}, nil, []string{"a (in FILE)", "api.port is -1", `log_format is "xml"`}},
		"ranges": {"[egress]\nallow = \"10.0.0.0/8, example.com\"\ndeny = \"fe80::1%eth0\"\nmax_held_bytes = 65536", nil, nil, []string{
			`egress.allow is "10.0.0.0/8, example.com"`, `egress.deny is "fe80::1%eth0"`, "it must be ranges such as 10.1.0.0/16"}},
		"held bytes":             {"[egress]\nmax_held_bytes = 65536", nil, nil, []string{"egress.max_held_bytes (65536) must not be below egress.max_response_bytes (8388608)"}},
		"quotas that do not fit": {"[kv.limits]\nmax_entry_bytes = 10\nmax_guild_bytes = 10", nil, nil, []string{"kv.limits.max_entry_bytes (10) must not be below kv.limits.max_value_bytes (1048576)", "kv.limits.max_guild_bytes (10) must not be below"}},
		"no TOML":                {"[api]\nport = ", nil, nil, []string{"FILE:2:8: "}},
		"the same key twice":     {"log_level = 'info'\nlog_level = 'warn'", nil, nil, []string{"FILE"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, row.file)
			_, err := Load(Options{File: path, Env: row.env, Flags: row.flags})
			if err == nil {
				t.Fatal("it is taken")
			}
			got := strings.ReplaceAll(err.Error(), path, "FILE")
			for _, want := range row.want {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want it to have %q", got, want)
				}
			}
			if strings.Contains(got, "s3cret") || len(got) > 1000 {
				t.Errorf("the error shows too much: %q", got)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	if _, err := Load(Options{File: filepath.Join(t.TempDir(), "nope.toml")}); err == nil || !strings.Contains(err.Error(), "nope.toml") {
		t.Errorf("got %v", err)
	}
}

// TestDefaultFile changes the working directory, so it is not parallel.
func TestDefaultFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Load(Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(DefaultFile, []byte("data_dir = 'here'"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{})
	if err != nil || c.DataDir != "here" {
		t.Errorf("%q, %v", c.DataDir, err)
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	c := Default()
	c.Discord.BotToken = "s3cret"
	c.Database.URL = "postgres://flora:s3cret@db/flora"
	c.DataDir = "a \"b\"\n"
	text, err := c.Redacted()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "s3cret") || !strings.Contains(text, "bot_token = '<hidden>'") {
		t.Errorf("the secret is not hidden:\n%s", text)
	}
	// What is printed is a configuration again.
	got, err := Load(Options{File: write(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	c.Discord.BotToken, c.Database.URL = hidden, hidden
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
}

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, k := range Keys() {
		for _, name := range append([]string{k.Name}, k.Env...) {
			if other, ok := seen[name]; ok {
				t.Errorf("%s names %s and %s", name, other, k.Name)
			}
			seen[name] = k.Name
		}
	}
	for key := range gone {
		if _, ok := byKey[key]; ok {
			t.Errorf("%s is gone and there", key)
		}
	}
}

// TestDocumented holds the handbook to the struct: a row for every key with its
// names, default and what is allowed, and none for another.
func TestDocumented(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			name, _, _ := strings.Cut(rest, "`")
			rows[name] = line
		}
	}
	for _, k := range Keys() {
		row, ok := rows[k.Name]
		delete(rows, k.Name)
		if !ok {
			t.Errorf("%s has no row", k.Name)
			continue
		}
		standard := fmt.Sprintf("`%v`", k.Default)
		switch {
		case k.Name == "runtime.max_workers":
			standard = "number of CPUs"
		case k.Default == "":
			standard = "none"
		}
		want := []string{"| " + standard + " |", "| " + k.Allowed + " |"}
		for _, name := range k.Env {
			want = append(want, "`"+name+"`")
		}
		for _, w := range want {
			if !strings.Contains(row, w) {
				t.Errorf("the row of %s lacks %q: %s", k.Name, w, row)
			}
		}
	}
	for name := range rows {
		t.Errorf("%s is documented and does not exist", name)
	}
}

func FuzzRustLevel(f *testing.F) {
	f.Add("flora::runtime=info,flora=info")
	f.Fuzz(func(t *testing.T, s string) {
		if got := rustLevel(s); got != s && got != "error" && got != "warn" && got != "info" && got != "debug" {
			t.Errorf("%q gives %q", s, got)
		}
	})
}
