package discordsim

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Prefixes are the paths that belong to the simulator; whoever mounts Handler
// beside other routes sends these to it.
var Prefixes = []string{"/api/v10/", "/api/v9/", "/api/gateway", "/api/oauth2/", "/gateway", "/sim"}

// Config says what is simulated. The zero value is ready to use.
type Config struct {
	// Guilds is the number of simulated guilds, 2 by default.
	Guilds int
	// Token is the bot token that is accepted; with "" every token is.
	Token string
	// ClientSecret is what the application proves itself with to the OAuth
	// endpoints; with "" every secret is. Its id is ApplicationID.
	ClientSecret string
	// RedirectURIs are where logins may lead back to; without any, every http
	// address of this machine is.
	RedirectURIs []string
	// NoRateLimits turns Discord's buckets, their headers and 429s off, and the
	// limit of 120 gateway sends a minute.
	NoRateLimits bool
	// DeniedIntents are privileged intents the application was not granted:
	// asking for one closes the connection with 4014.
	DeniedIntents int
	// Shards is the number of shards that GET /gateway/bot recommends; by default
	// it follows from the number of guilds.
	Shards int
	// MaxConcurrency is how many shards may identify in one moment, 16 by default,
	// and IdentifyEvery how long that moment is: 5 s by default, no time with
	// NoRateLimits. An IDENTIFY too early is answered with INVALID_SESSION.
	MaxConcurrency int
	IdentifyEvery  time.Duration
	// SessionStarts is how many sessions may be begun in a day, 1,000 by default.
	// One more ends all of them, and the bot's token is refused from then on;
	// with NoRateLimits it only counts down.
	SessionStarts int
	// HeartbeatInterval is announced in HELLO, 41.25 s by default.
	HeartbeatInterval time.Duration
	// AnswerWithin is how long an interaction waits for its first answer, 3 s by
	// default, and TokenLife how long its token lives, 15 min by default.
	AnswerWithin, TokenLife time.Duration
	// ReplayEvents is how many events a session keeps for RESUME, 10,000 by default.
	ReplayEvents int
	// Now is the clock of ids, tokens, timeouts and rate limits, time.Now by default.
	Now func() time.Time
	// Logger gets what happens on connections; nil logs nothing.
	Logger *zap.Logger
	// Observer sees all requests, answers and events; nil sees nothing. With
	// Record they are written into a new file in that folder instead.
	Observer Observer
	Record   string
}

func (c *Config) setDefaults() error {
	if c.Guilds == 0 {
		c.Guilds = 2
	}
	if c.Guilds < 0 || c.Guilds > 100_000 {
		return errors.New("guilds must be from 1 to 100000")
	}
	if c.Shards < 0 || c.MaxConcurrency < 0 || c.SessionStarts < 0 || c.IdentifyEvery < 0 {
		return errors.New("shards, max_concurrency, the day's sessions and the time between them must not be negative")
	}
	if c.MaxConcurrency == 0 {
		c.MaxConcurrency = standardConcurrency
	}
	if c.IdentifyEvery == 0 && !c.NoRateLimits {
		c.IdentifyEvery = standardEvery
	}
	if c.SessionStarts == 0 {
		c.SessionStarts = standardStarts
	}
	if c.HeartbeatInterval <= 0 {
		c.HeartbeatInterval = 41250 * time.Millisecond
	}
	if c.AnswerWithin <= 0 {
		c.AnswerWithin = 3 * time.Second
	}
	if c.TokenLife <= 0 {
		c.TokenLife = 15 * time.Minute
	}
	if c.ReplayEvents <= 0 {
		c.ReplayEvents = 10_000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return nil
}

// Sim is one simulated Discord.
type Sim struct {
	cfg  Config
	log  *zap.Logger
	now  func() time.Time
	base atomic.Pointer[string]

	handler http.Handler
	rest    *router
	control *controlTree

	requests  *requestLog
	recording *recording
	limits    *limiter
	faults    *faultScript

	// mu guards everything below: the world and the gateway sessions.
	mu           sync.Mutex
	ids          idSource
	application  application
	bot          *user
	users        map[snowflake.UserID]*user
	guilds       map[snowflake.GuildID]*guild
	guildOrder   []*guild
	channels     map[snowflake.ChannelID]*channel
	webhooks     map[snowflake.WebhookID]*webhook
	commands     commandSet
	interactions interactionSet
	oauth        oauthState
	sessions     map[string]*session
	inventing    bool // An event is dispatched that somebody made up.
	conns        map[*conn]struct{}
	floods       []*flood
	streams      int  // Streams of feeds that are open.
	mute         bool // Streams end.
	pace         pace
	lives        []*life // The newest last.
	turns        uint64  // Numbers what begins and ends in lives.
	dispatches   dispatchLog
	closed       bool
	uploads      []*attachment // Files that people gave in options, the newest last.
	// epoch is different in every process, so that ids of streams are.
	epoch string

	// connections counts the gateway connections there were.
	connections atomic.Uint64
	// tokenReset is set when the bot's token is of no use any more.
	tokenReset atomic.Bool

	// running counts the goroutines of connections.
	running sync.WaitGroup
}

// New makes a simulated Discord; it starts no goroutine and opens no socket.
func New(cfg Config) (*Sim, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	var recording *recording
	if cfg.Record != "" {
		var err error
		if recording, err = newRecording(cfg.Record, cfg.Logger); err != nil {
			return nil, err
		}
		cfg.Observer = recording
	}
	s := &Sim{
		recording: recording,
		cfg:       cfg,
		log:       cfg.Logger,
		now:       cfg.Now,
		users:     map[snowflake.UserID]*user{},
		guilds:    map[snowflake.GuildID]*guild{},
		channels:  map[snowflake.ChannelID]*channel{},
		webhooks:  map[snowflake.WebhookID]*webhook{},
		sessions:  map[string]*session{},
		conns:     map[*conn]struct{}{},
		oauth:     oauthState{life: 7 * 24 * time.Hour, codes: map[string]oauthCode{}},
	}
	s.ids.now, s.dispatches.now, s.epoch = cfg.Now, cfg.Now, randomHex(8)
	s.requests = newRequestLog()
	s.limits = newLimiter(cfg.Now)
	s.faults = newFaultScript()
	s.SetBaseURL("http://127.0.0.1")
	s.populate()
	s.rest = s.restRoutes()
	s.control = s.controlRoutes()
	s.handler = s.mount()
	return s, nil
}

// SetBaseURL says where the handler can be reached, for example
// "http://127.0.0.1:3000"; the gateway's address is made from it.
func (s *Sim) SetBaseURL(u string) { s.base.Store(&u) }

// Handler serves everything under Prefixes.
func (s *Sim) Handler() http.Handler { return s.handler }

// ApplicationID is the id of the simulated application, which is also its bot's.
func (s *Sim) ApplicationID() snowflake.ApplicationID { return s.application.ID }

// EndStreams ends the open streams and refuses new ones; a server that shuts
// down calls it, because streams do not end by themselves.
func (s *Sim) EndStreams() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endStreams()
}

func (s *Sim) endStreams() {
	s.mute = true
	for _, g := range s.guilds {
		if g.feed != nil {
			g.feed.wakeAll()
		}
	}
}

// Close ends every connection and waits for their goroutines. Requests that
// arrive later are refused.
func (s *Sim) Close() error {
	s.mu.Lock()
	s.closed = true
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.interactions.endAll()
	s.endStreams()
	s.mu.Unlock()
	for _, c := range conns {
		c.close(1001, "going away")
	}
	s.running.Wait()
	if s.recording != nil {
		return s.recording.close()
	}
	return nil
}
