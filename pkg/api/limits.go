package api

import (
	"errors"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

// Rate is a token bucket: so many at once, refilled at so many a second.
type Rate struct {
	PerSecond float64 `json:"per_second"`
	Burst     int     `json:"burst"`
}

// Limits of the API. Zero members get the defaults.
type Limits struct {
	Requests  Rate // Of one caller; 50 a second, 200 at once.
	Strangers Rate // Of one address, where no caller is known; 5 a second, 50 at once.
	Deploys   Rate // Of one guild; 10 a minute, 10 at once.

	Sources deploy.Limits // Files that are built; deploy.DefaultLimits.
	Stored  deploy.Limits // Files that are kept beside a bundle; 2,000 and 8 MiB.

	DeployBody int64 // Bytes of a deployment's JSON; 32 MiB.
	BuildBody  int64 // Bytes of a form with an archive; 16 MiB and 64 KiB.
	ValueBody  int64 // Bytes of a KV value's JSON; 8 MiB.
	SecretBody int64 // Bytes of a secret's or variable's JSON; 512 KiB.
	SmallBody  int64 // Bytes of every other JSON; 16 KiB.
	// ArchiveBody is the bytes of an archive that is imported; 640 MiB.
	ArchiveBody int64

	DeployTime  time.Duration // For a deploy, building and loading included; 90 s.
	LoginTime   time.Duration // For the end of a login, two answers of Discord included; 25 s.
	ArchiveTime time.Duration // For an export, and for an import with its upload; 30 min.
	RequestTime time.Duration // For every other request; 10 s.
	BodyTime    time.Duration // For a body to arrive, or of an archive its next piece; 30 s.

	AnswerTime time.Duration // For an answer to be taken, once the request's time is up; 2 min.

	Bytes          int64 // Of bodies and large answers held at once; 512 MiB.
	BytesPerCaller int64 // Of one caller; 64 MiB.

	Streams          int           // Open at once; 1,000.
	StreamsPerCaller int           // Of one caller; 16.
	KeepAlive        time.Duration // Between comments on a quiet stream; 15 s.
	StreamWrite      time.Duration // For a reader to take what was written; 10 s.
	StreamRecheck    time.Duration // Between looks whether the caller still may read; 1 min.

	// Services, if not nil, gives limits of what stands behind the API, shown by
	// GET /limits.
	Services func() map[string]map[string]int64
}

func (l *Limits) complete() error {
	rate := func(r *Rate, standard Rate) {
		if *r == (Rate{}) {
			*r = standard
		}
	}
	rate(&l.Requests, Rate{PerSecond: 50, Burst: 200})
	rate(&l.Strangers, Rate{PerSecond: 5, Burst: 50})
	rate(&l.Deploys, Rate{PerSecond: 10.0 / 60, Burst: 10})
	standard(&l.Sources, deploy.DefaultLimits)
	standard(&l.Stored, deploy.StoredLimits)
	standard(&l.DeployBody, 32<<20)
	standard(&l.BuildBody, 16<<20+64<<10)
	standard(&l.ValueBody, 8<<20)
	standard(&l.SecretBody, 512<<10)
	standard(&l.SmallBody, 16<<10)
	standard(&l.ArchiveBody, 640<<20)
	standard(&l.DeployTime, 90*time.Second)
	standard(&l.LoginTime, 25*time.Second)
	standard(&l.ArchiveTime, 30*time.Minute)
	standard(&l.RequestTime, 10*time.Second)
	standard(&l.BodyTime, 30*time.Second)
	standard(&l.AnswerTime, 2*time.Minute)
	standard(&l.Bytes, 512<<20)
	standard(&l.BytesPerCaller, 64<<20)
	standard(&l.Streams, 1000)
	standard(&l.StreamsPerCaller, 16)
	standard(&l.KeepAlive, 15*time.Second)
	standard(&l.StreamWrite, 10*time.Second)
	standard(&l.StreamRecheck, time.Minute)
	for _, r := range []Rate{l.Requests, l.Strangers, l.Deploys} {
		if r.PerSecond <= 0 || r.Burst < 1 {
			return errors.New("a rate limit needs a positive rate and a burst of at least 1")
		}
	}
	if l.Sources.Files < 1 || l.Sources.Bytes < 1 || l.Stored.Files < 1 || l.Stored.Bytes < 1 ||
		min(l.DeployBody, l.BuildBody, l.ValueBody, l.SecretBody, l.SmallBody, l.ArchiveBody) < 1 || min(l.Streams, l.StreamsPerCaller) < 1 || l.BytesPerCaller < 1 || l.Bytes < l.BytesPerCaller ||
		min(l.DeployTime, l.LoginTime, l.ArchiveTime, l.RequestTime, l.BodyTime, l.AnswerTime, l.KeepAlive, l.StreamWrite, l.StreamRecheck) <= 0 {
		return errors.New("the API's limits must be positive")
	}
	return nil
}

func standard[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// limitsDoc is the limits in force. The services' groups stand beside these.
type limitsDoc struct {
	Requests    requestLimits    `json:"requests"`
	Deployments deploymentLimits `json:"deployments"`
	API         apiLimits        `json:"api"`
}

type requestLimits struct {
	Caller   Rate `json:"caller"`
	Stranger Rate `json:"unknown_caller"`
	Deploys  Rate `json:"deploys_per_guild"`
}

type deploymentLimits struct {
	Body        int64 `json:"body_bytes"`
	Files       int   `json:"files"`
	Bytes       int   `json:"files_bytes"`
	StoredFiles int   `json:"stored_files"`
	StoredBytes int   `json:"stored_files_bytes"`
	Timeout     int64 `json:"timeout_ms"`
}

type apiLimits struct {
	ValueBody   int64 `json:"value_body_bytes"`
	ArchiveBody int64 `json:"archive_body_bytes"`
	Body        int64 `json:"body_bytes"`
	Timeout     int64 `json:"timeout_ms"`
	Streams     int   `json:"streams_per_caller"`
}

func (a *API) getLimits(c *call) error {
	l := a.cfg.Limits
	doc := map[string]any{
		"requests": requestLimits{Caller: l.Requests, Stranger: l.Strangers, Deploys: l.Deploys},
		"deployments": deploymentLimits{
			Body: l.DeployBody, Files: l.Sources.Files, Bytes: l.Sources.Bytes,
			StoredFiles: l.Stored.Files, StoredBytes: l.Stored.Bytes, Timeout: l.DeployTime.Milliseconds(),
		},
		"api": apiLimits{ValueBody: l.ValueBody, ArchiveBody: l.ArchiveBody, Body: l.SmallBody, Timeout: l.RequestTime.Milliseconds(), Streams: l.StreamsPerCaller},
	}
	if l.Services != nil {
		for name, group := range l.Services() {
			doc[name] = group
		}
	}
	return c.JSON(200, doc)
}
