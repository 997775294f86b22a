// Package config is the one typed configuration of a runtime: defaults, then a
// TOML file, then the environment, then command-line flags. A key that does not
// exist and a value that is not allowed are errors that name the key, the
// value, where it came from and what is allowed.
package config

import (
	"path/filepath"
	"runtime"
)

// Config is the whole configuration. Its tags are the single source of truth:
// "koanf" is the key in its section, "env" a second name in the environment
// (every key has FLORA_<SECTION>_<KEY> too), "min", "max" and "oneof" what is
// allowed, "check" a named check, "secret" hides the value.
type Config struct {
	DataDir   string `koanf:"data_dir" check:"filled"`
	LogLevel  string `koanf:"log_level" env:"RUST_LOG" oneof:"debug,info,warn,error"`
	LogFormat string `koanf:"log_format" oneof:"console,json"`

	Discord Discord `koanf:"discord"`
	API     API     `koanf:"api"`
	Runtime Runtime `koanf:"runtime"`
	KV      KV      `koanf:"kv"`
	Logs    Logs    `koanf:"logs"`

	Deployments Deployments `koanf:"deployments"`
	Builds      Builds      `koanf:"builds"`
	Egress      Egress      `koanf:"egress"`
	Inbound     Inbound     `koanf:"inbound"`

	Telemetry Telemetry `koanf:"telemetry"`

	Database Database `koanf:"database"`
	Cache    Cache    `koanf:"cache"`
	Replicas Replicas `koanf:"replicas"`
	Secrets  Secrets  `koanf:"secrets"`
	Storage  Storage  `koanf:"storage"`
}

// Cache says where sessions and short memories are, when not in the process.
type Cache struct {
	URL      string `koanf:"url" env:"CACHE_URL" check:"redis" secret:"true"`
	PoolSize int    `koanf:"pool_size" env:"CACHE_POOL_SIZE" min:"1" max:"1000"`
}

// Replicas says whether several processes serve one bot together, and who this
// one is to the others.
type Replicas struct {
	Enabled bool `koanf:"enabled"`
	// Name is another for each process; "" is the machine's.
	Name string `koanf:"name" check:"name"`
	// URL is where the others reach this process's API; "" is made of an address of
	// the machine and the API's port.
	URL     string `koanf:"url" check:"replica"`
	LeaseMS int    `koanf:"lease_ms" min:"300" max:"60000"`
}

// Secrets holds the keys that scripts' secrets are sealed with.
type Secrets struct {
	MasterKey string `koanf:"master_key" env:"SECRETS_MASTER_KEY" check:"key" secret:"true"`
	// PreviousKeys still open what was sealed with them, with commas between.
	PreviousKeys string `koanf:"previous_keys" check:"keys" secret:"true"`
}

// Storage says whether serve may keep everything in DataDir.
type Storage struct {
	Embedded bool `koanf:"embedded"`
}

// Database says where deployments and API tokens are, when not in DataDir.
type Database struct {
	URL            string `koanf:"url" env:"DATABASE_URL" check:"postgres" secret:"true"`
	MaxConnections int    `koanf:"max_connections" min:"1" max:"1000"`
}

// Discord says how Discord is reached.
type Discord struct {
	BotToken     string `koanf:"bot_token" env:"DISCORD_TOKEN" check:"token" secret:"true"`
	ClientID     string `koanf:"client_id" env:"DISCORD_CLIENT_ID" check:"snowflake"`
	ClientSecret string `koanf:"client_secret" env:"DISCORD_CLIENT_SECRET" check:"opaque" secret:"true"`
	RedirectURI  string `koanf:"redirect_uri" env:"DISCORD_REDIRECT_URI" check:"url"`
	APIBase      string `koanf:"api_base" check:"url"`
	Compress     bool   `koanf:"compress"`
	// Intents are asked for from the start, whether a script needs them or not.
	Intents string `koanf:"intents" check:"intents"`
	// PrivilegedIntents are the privileged intents that the bot may ask Discord
	// for, as names with commas between them.
	PrivilegedIntents string `koanf:"privileged_intents" check:"privileged"`
	// GlobalLimit is how many requests a second Discord takes of this bot; 0 is
	// no limit.
	GlobalLimit int `koanf:"global_limit" min:"0" max:"1000000"`
	// Shards is the number of gateway sessions; 0 is what Discord recommends.
	Shards int `koanf:"shards" min:"0" max:"1024"`
}

// API says where the HTTP API listens.
type API struct {
	Address string `koanf:"address" env:"API_ADDRESS" check:"ip"`
	Port    int    `koanf:"port" env:"API_PORT" min:"0" max:"65535"`
	// Secret seals sessions.
	Secret        string `koanf:"secret" env:"API_SECRET" check:"secret" secret:"true"`
	CookieTTLSecs int    `koanf:"cookie_ttl_secs" env:"API_COOKIE_TTL_SECS" min:"60" max:"31536000"`
	// CookieSecure is "true", "false", or "auto": whether RedirectURI is https.
	CookieSecure   string `koanf:"cookie_secure" env:"API_COOKIE_SECURE" oneof:"auto,true,false"`
	OperatorSecret string `koanf:"operator_secret" env:"API_OPERATOR_SECRET" check:"secret" secret:"true"`
	// TrustedProxies may say for whom they ask.
	TrustedProxies string `koanf:"trusted_proxies" check:"ranges"`
}

// The values of Runtime.Isolation, Runtime.Sandbox and Runtime.JIT.
const (
	IsolationProcess = "process"
	IsolationNone    = "none"
	SandboxAuto      = "auto"
	SandboxRequire   = "require"
	SandboxOff       = "off"
	JITOff           = "off"
	JITOn            = "on"
)

// Runtime bounds what scripts may use.
type Runtime struct {
	MaxWorkers          int    `koanf:"max_workers" env:"RUNTIME_MAX_WORKERS" min:"1" max:"64"`
	MaxGuildsPerWorker  int    `koanf:"max_guilds_per_worker" min:"1" max:"1000"`
	Isolation           string `koanf:"isolation" oneof:"process,none"`
	Sandbox             string `koanf:"sandbox" oneof:"auto,require,off"`
	WorkerMemoryMB      int    `koanf:"worker_memory_mb" min:"256" max:"1048576"`
	JIT                 string `koanf:"jit" oneof:"off,on"`
	TurnTimeoutMS       int    `koanf:"turn_timeout_ms" min:"10" max:"60000"`
	DispatchTimeoutSecs int    `koanf:"dispatch_timeout_secs" env:"RUNTIME_DISPATCH_TIMEOUT_SECS" min:"1" max:"900"`
	CronTimeoutSecs     int    `koanf:"cron_timeout_secs" env:"RUNTIME_CRON_TIMEOUT_SECS" min:"1" max:"300"`
	DrainTimeoutSecs    int    `koanf:"drain_timeout_secs" min:"0" max:"900"`
	LoadTimeoutSecs     int    `koanf:"load_timeout_secs" env:"RUNTIME_LOAD_TIMEOUT_SECS" min:"1" max:"300"`
	RestTimeoutMS       int    `koanf:"rest_timeout_ms" env:"RUNTIME_REST_TIMEOUT_MS" min:"100" max:"900000"`
	MaxMemoryMB         int    `koanf:"max_memory_mb" min:"8" max:"1024"`
	MaxScriptBytes      int    `koanf:"max_script_bytes" env:"RUNTIME_MAX_SCRIPT_BYTES" min:"1024" max:"16777216"`
	MaxBundleFiles      int    `koanf:"max_bundle_files" env:"RUNTIME_MAX_BUNDLE_FILES" min:"1" max:"10000"`
	MaxBundleTotalBytes int    `koanf:"max_bundle_total_bytes" env:"RUNTIME_MAX_BUNDLE_TOTAL_BYTES" min:"1024" max:"4194304"`
	MaxCronJobs         int    `koanf:"max_cron_jobs" env:"RUNTIME_MAX_CRON_JOBS" min:"0" max:"1000"`
	MaxPendingOps       int    `koanf:"max_pending_ops" min:"1" max:"16384"`
	OpsPerSecond        int    `koanf:"ops_per_second" min:"1" max:"1000000"`
	OpsBurst            int    `koanf:"ops_burst" min:"1" max:"1000000"`
	MaxTimers           int    `koanf:"max_timers" min:"1" max:"65536"`
	MaxInFlight         int    `koanf:"max_in_flight" min:"1" max:"4096"`
	QueueCapacity       int    `koanf:"queue_capacity" env:"RUNTIME_WORKER_QUEUE_CAPACITY" min:"1" max:"100000"`
	GuildConcurrency    int    `koanf:"guild_concurrency" env:"RUNTIME_GUILD_CONCURRENCY" min:"1" max:"64"`
}

// The values of KV.Engine.
const (
	EnginePebble   = "pebble"
	EnginePostgres = "postgres"
)

// KV says where the key-value data is, and what a guild may store.
type KV struct {
	Engine string `koanf:"engine" oneof:"pebble,postgres"`
	Path   string `koanf:"path"`
	// MaxConnections are those to Postgres, beside Database.MaxConnections.
	MaxConnections int      `koanf:"max_connections" min:"2" max:"1000"`
	Limits         KVLimits `koanf:"limits"`
}

// KVLimits are the quotas of stored data.
type KVLimits struct {
	MaxValueBytes   int `koanf:"max_value_bytes" min:"1" max:"16777216"`
	MaxEntryBytes   int `koanf:"max_entry_bytes" min:"1" max:"33554432"`
	MaxStoreBytes   int `koanf:"max_store_bytes" min:"1" max:"1099511627776"`
	MaxGuildBytes   int `koanf:"max_guild_bytes" min:"1" max:"1099511627776"`
	WritesPerMinute int `koanf:"writes_per_minute" min:"1" max:"1000000"`
	// CommitsPerMinute is that of a Deno.Kv's.
	CommitsPerMinute int `koanf:"commits_per_minute" min:"1" max:"1000000"`
}

// Deployments bounds each guild's history: of successes and of failures so many,
// each of so many MiB.
type Deployments struct {
	KeepRevisions int `koanf:"keep_revisions" min:"1" max:"100000"`
	KeepMB        int `koanf:"keep_mb" min:"1" max:"1048576"`
}

// Builds bounds what is uploaded to be built, and what is kept of it.
type Builds struct {
	MaxZipBytes       int `koanf:"max_zip_bytes" min:"1024" max:"67108864"`
	MaxFiles          int `koanf:"max_files" min:"1" max:"200000"`
	MaxFileBytes      int `koanf:"max_file_bytes" min:"1024" max:"67108864"`
	MaxTotalBytes     int `koanf:"max_total_bytes" min:"1024" max:"1073741824"`
	Concurrency       int `koanf:"concurrency" min:"1" max:"64"`
	MaxActive         int `koanf:"max_active" min:"1" max:"1000"`
	MaxActivePerGuild int `koanf:"max_active_per_guild" env:"BUILD_SERVICE_MAX_ACTIVE_PER_GUILD" min:"1" max:"1000"`
	MinIntervalMS     int `koanf:"min_interval_ms" env:"BUILD_SERVICE_MIN_INTERVAL_MS" min:"0" max:"3600000"`
	KeepBuilds        int `koanf:"keep_builds" env:"BUILD_SERVICE_MAX_RETAINED_BUILDS" min:"1" max:"100000"`
	KeepBytes         int `koanf:"keep_bytes" min:"1048576" max:"17179869184"`
	KeepSecs          int `koanf:"keep_secs" min:"1" max:"604800"`
}

// Logs bounds each guild's log.
type Logs struct {
	Lines          int `koanf:"lines" min:"1" max:"1000000"`
	DiskBytes      int `koanf:"disk_bytes" min:"524288" max:"1099511627776"`
	DiskTotalBytes int `koanf:"disk_total_bytes" min:"1048576" max:"1099511627776"`
	Bytes          int `koanf:"bytes" min:"16384" max:"1073741824"`
	LinesPerSecond int `koanf:"lines_per_second" min:"1" max:"1000000"`
	Burst          int `koanf:"burst" min:"1" max:"1000000"`
}

// Egress bounds what scripts fetch.
type Egress struct {
	Allow            string `koanf:"allow" check:"ranges"`
	Deny             string `koanf:"deny" check:"ranges"`
	MaxRequestBytes  int    `koanf:"max_request_bytes" min:"0" max:"8388608"`
	MaxResponseBytes int    `koanf:"max_response_bytes" min:"1024" max:"16777216"`
	MaxHeldBytes     int    `koanf:"max_held_bytes" min:"65536" max:"1073741824"`
	BytesPerMinute   int    `koanf:"bytes_per_minute" min:"1024" max:"1099511627776"`
	BytesAtOnce      int    `koanf:"bytes_at_once" min:"1024" max:"1099511627776"`
	Concurrency      int    `koanf:"concurrency" min:"1" max:"256"`
	MaxWebSockets    int    `koanf:"max_websockets" min:"0" max:"256"`
	MaxMessageBytes  int    `koanf:"max_message_bytes" min:"1024" max:"8388608"`
	TimeoutMS        int    `koanf:"timeout_ms" min:"100" max:"300000"`
	IdleTimeoutMS    int    `koanf:"idle_timeout_ms" min:"100" max:"3600000"`
}

// Inbound bounds the requests from outside that scripts answer.
type Inbound struct {
	// URL is where the endpoints are reached, "" beside the API.
	URL                string `koanf:"url" check:"endpoints"`
	MaxRequestBytes    int    `koanf:"max_request_bytes" min:"0" max:"8388608"`
	MaxResponseBytes   int    `koanf:"max_response_bytes" min:"1024" max:"1073741824"`
	RequestsPerSecond  int    `koanf:"requests_per_second" min:"1" max:"100000"`
	RequestsBurst      int    `koanf:"requests_burst" min:"1" max:"100000"`
	Concurrency        int    `koanf:"concurrency" min:"1" max:"512"`
	AddressPerSecond   int    `koanf:"address_requests_per_second" min:"1" max:"100000"`
	AddressBurst       int    `koanf:"address_requests_burst" min:"1" max:"100000"`
	AddressConcurrency int    `koanf:"address_concurrency" min:"1" max:"512"`
	StartTimeoutSecs   int    `koanf:"start_timeout_secs" min:"1" max:"60"`
	MaxStreamSecs      int    `koanf:"max_stream_secs" min:"1" max:"3600"`
}

// Telemetry says where an operator sees more of the runtime.
type Telemetry struct {
	// OperatorAddress serves metrics, probes and profiles without asking who
	// reads them, so it is on this machine only.
	OperatorAddress string `koanf:"operator_address" check:"loopback"`
	OTLPEndpoint    string `koanf:"otlp_endpoint" check:"collector"`
	TracePercent    int    `koanf:"trace_percent" min:"0" max:"100"`
}

// Default is the configuration when nothing is said.
func Default() Config {
	return Config{
		DataDir:   "data",
		LogLevel:  "info",
		LogFormat: "console",
		Discord:   Discord{RedirectURI: "http://localhost:3000/api/auth/callback", APIBase: "https://discord.com/api/v10", Compress: true, PrivilegedIntents: "message_content,guild_members", GlobalLimit: 50},
		API:       API{Address: "0.0.0.0", Port: 3000, CookieTTLSecs: 30 * 24 * 3600, CookieSecure: "auto"},
		Runtime: Runtime{
			MaxWorkers:          min(max(runtime.NumCPU(), 1), 64),
			MaxGuildsPerWorker:  200,
			Isolation:           IsolationProcess,
			Sandbox:             SandboxAuto,
			WorkerMemoryMB:      1024,
			JIT:                 JITOff,
			TurnTimeoutMS:       1000,
			DispatchTimeoutSecs: 30,
			CronTimeoutSecs:     5,
			DrainTimeoutSecs:    10,
			LoadTimeoutSecs:     30,
			RestTimeoutMS:       8000,
			MaxMemoryMB:         128,
			MaxScriptBytes:      8 << 20,
			MaxBundleFiles:      200,
			MaxBundleTotalBytes: 1 << 20,
			MaxCronJobs:         32,
			MaxPendingOps:       1024,
			OpsPerSecond:        100,
			OpsBurst:            200,
			MaxTimers:           512,
			MaxInFlight:         64,
			QueueCapacity:       1024,
			GuildConcurrency:    4,
		},
		KV: KV{Engine: EnginePebble, MaxConnections: 10, Limits: KVLimits{
			MaxValueBytes:    1 << 20,
			MaxEntryBytes:    2 << 20,
			MaxStoreBytes:    100 << 20,
			MaxGuildBytes:    500 << 20,
			WritesPerMinute:  120,
			CommitsPerMinute: 1200,
		}},
		Logs: Logs{Lines: 1000, Bytes: 1 << 20, DiskBytes: 4 << 20, DiskTotalBytes: 1 << 30, LinesPerSecond: 100, Burst: 1000},
		Egress: Egress{
			MaxRequestBytes: 8 << 20, MaxResponseBytes: 8 << 20, MaxHeldBytes: 32 << 20, BytesPerMinute: 256 << 20, BytesAtOnce: 64 << 20, Concurrency: 16, TimeoutMS: 30_000, IdleTimeoutMS: 60_000,
			MaxWebSockets: 16, MaxMessageBytes: 4 << 20,
		},
		Inbound: Inbound{
			MaxRequestBytes: 1 << 20, MaxResponseBytes: 8 << 20, RequestsPerSecond: 20, RequestsBurst: 60, Concurrency: 16,
			AddressPerSecond: 10, AddressBurst: 40, AddressConcurrency: 8, StartTimeoutSecs: 10, MaxStreamSecs: 900,
		},
		Telemetry:   Telemetry{TracePercent: 10},
		Database:    Database{MaxConnections: 10},
		Deployments: Deployments{KeepRevisions: 100, KeepMB: 256},
		Builds: Builds{
			MaxZipBytes: 16 << 20, MaxFiles: 20_000, MaxFileBytes: 10 << 20, MaxTotalBytes: 128 << 20,
			Concurrency: 2, MaxActive: 8, MaxActivePerGuild: 2, MinIntervalMS: 1000,
			KeepBuilds: 100, KeepBytes: 256 << 20, KeepSecs: 3600,
		},
		Cache:    Cache{PoolSize: 10},
		Replicas: Replicas{LeaseMS: 1000},
	}
}

// KVPath is the folder of the key-value data.
func (c Config) KVPath() string {
	if c.KV.Path != "" {
		return c.KV.Path
	}
	return filepath.Join(c.DataDir, "kv")
}

// StatePath is the folder of deployments and tokens when there is no database.
func (c Config) StatePath() string { return filepath.Join(c.DataDir, "state") }

// LogsPath is the folder of guilds' log lines.
func (c Config) LogsPath() string { return filepath.Join(c.DataDir, "logs") }
