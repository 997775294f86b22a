package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
)

// Replicas implements replica.Store for one bot. Its keys have one hash tag: a
// script's keys have to be in one slot of a cluster. It connects when it is first used, by
// connections of its own: what replicas say to each other must not wait for
// anything else.
type Replicas struct {
	cfg  Config
	keys groupKeys

	mu    sync.Mutex // Guards the members below.
	store *Store
	tried time.Time
	err   error // Of the last attempt to connect.
	shut  bool
}

var _ replica.Store = (*Replicas)(nil)

// groupKeys are the keys of what all of a group share.
type groupKeys struct {
	prefix                                                string
	members, peers, names, owners, facts, identify, topic string
}

// reconnectPause is how long a failed attempt to connect speaks for others.
const reconnectPause = 100 * time.Millisecond

// NewReplicas makes the store for the bot of that identity.
func NewReplicas(cfg Config, identity uint64) (*Replicas, error) {
	if _, err := rueidis.ParseURL(cfg.URL); err != nil {
		return nil, errWrongURL
	}
	if cfg.Prefix == "" {
		cfg.Prefix = standardPrefix
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	p := fmt.Sprintf("%sreplicas:{%016x}:", cfg.Prefix, identity)
	topic := strings.TrimPrefix(p, cfg.Prefix) + "news"
	return &Replicas{cfg: cfg, keys: groupKeys{
		prefix: p, members: p + "members", peers: p + "peers", names: p + "names", owners: p + "owners", facts: p + "facts", identify: p + "identify", topic: topic,
	}}, nil
}

// Close ends the connections. Methods called later fail.
func (r *Replicas) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = true
	if r.store == nil {
		return nil
	}
	return r.store.Close()
}

// connected gives the connection, and makes it first if need be.
func (r *Replicas) connected(ctx context.Context) (*Store, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.shut:
		return nil, errors.New("the store of the replicas is closed")
	case r.store != nil:
		return r.store, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case r.err != nil && time.Since(r.tried) < reconnectPause:
		return nil, r.err
	}
	r.store, r.err = Open(ctx, r.cfg)
	r.tried = time.Now()
	return r.store, r.err
}

// run runs a script and gives its answer, whose first element says how it went.
func (r *Replicas) run(ctx context.Context, script *rueidis.Lua, keys, args []string) (string, []rueidis.RedisMessage, error) {
	s, err := r.connected(ctx)
	if err != nil {
		return "", nil, err
	}
	answer, err := script.Exec(ctx, s.client, keys, args).ToArray()
	if err := s.outcome(ctx, err); err != nil {
		return "", nil, err
	}
	if len(answer) == 0 {
		return "", nil, errAnswer
	}
	how, err := answer[0].ToString()
	return how, answer[1:], err
}

var errAnswer = errors.New("the replicas' script gave an answer that is none")

func number(n int64) string { return strconv.FormatInt(n, 10) }

// life is how long what nobody touches any more is kept.
const life = 24 * time.Hour

// peer is a member as it is kept.
type peer struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Instance string `json:"instance"`
	Serving  bool   `json:"serving"`
}

func readPeer(text string) (replica.Peer, error) {
	var p peer
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return replica.Peer{}, fmt.Errorf("read a replica: %w", err)
	}
	return replica.Peer{Member: replica.Member{Name: p.Name, URL: p.URL}, Instance: p.Instance, Serving: p.Serving}, nil
}

// Beat implements replica.Store.
func (r *Replicas) Beat(ctx context.Context, b replica.Beat) (replica.View, error) {
	text, err := json.Marshal(peer{b.Name, b.URL, b.Instance, b.Serving})
	if err != nil {
		return replica.View{}, err
	}
	k := r.keys
	how, answer, err := r.run(ctx, beatScript,
		[]string{k.members, k.peers, k.names, k.owners, k.facts},
		[]string{b.Instance, b.Name, string(text), number(b.Lease.Milliseconds()), strconv.Itoa(b.Shards), number(life.Milliseconds()), r.cfg.Prefix + k.topic})
	if err != nil {
		return replica.View{}, err
	}
	if how == "rival" {
		rival, err := readPeer(reader{answer}.text(0))
		return replica.View{Rival: &replica.Living{Peer: rival, Left: milli(reader{answer}.number(1))}}, err
	}
	return readView(reader{answer})
}

// reader reads the elements of a script's answer; what is missing reads as zero.
type reader struct{ all []rueidis.RedisMessage }

func (r reader) text(i int) string {
	if i >= len(r.all) {
		return ""
	}
	s, _ := r.all[i].ToString()
	return s
}

func (r reader) number(i int) int64 {
	if i >= len(r.all) {
		return 0
	}
	n, _ := r.all[i].AsInt64()
	return n
}

func (r reader) texts(i int) []string {
	if i >= len(r.all) {
		return nil
	}
	list, _ := r.all[i].AsStrSlice()
	return list
}

// numbers are those that a sorted set has as members, with or without a scorer.
func (r reader) numbers(i int) []int64 {
	var out []int64
	for _, text := range r.texts(i) {
		seq, _, _ := strings.Cut(text, ":")
		if n, err := strconv.ParseInt(seq, 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func milli(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func readView(r reader) (replica.View, error) {
	v := replica.View{Fresh: r.number(0) == 1, Lease: milli(r.number(1)), Shards: int(r.number(2)), Fallow: milli(r.number(3)), Owners: map[int]replica.Owner{}}
	peers := r.texts(4)
	for i := 0; i+1 < len(peers); i += 2 {
		p, err := readPeer(peers[i])
		if err != nil {
			return replica.View{}, err
		}
		left, err := strconv.ParseInt(peers[i+1], 10, 64)
		if err != nil {
			return replica.View{}, fmt.Errorf("read how long a replica lives: %w", err)
		}
		v.Peers = append(v.Peers, replica.Living{Peer: p, Left: milli(left)})
	}
	owners := r.texts(5)
	for i := 0; i+1 < len(owners); i += 2 {
		shard, err := strconv.Atoi(owners[i])
		if err != nil {
			continue // What is no shard.
		}
		generation, instance, _ := strings.Cut(owners[i+1], ":")
		n, err := strconv.ParseInt(generation, 10, 64)
		if err != nil {
			return replica.View{}, fmt.Errorf("read the owner of shard %d: %w", shard, err)
		}
		v.Owners[shard] = replica.Owner{Generation: n, Instance: instance}
	}
	return v, nil
}

// Leave implements replica.Store.
func (r *Replicas) Leave(ctx context.Context, instance string) error {
	k := r.keys
	_, _, err := r.run(ctx, leaveScript, []string{k.members, k.peers, k.names, k.owners, k.facts}, []string{instance, r.cfg.Prefix + k.topic})
	return err
}

// shardKeys are the keys of one shard's state.
func (r *Replicas) shardKeys(shard int) []string {
	p := r.keys.prefix + "shard:" + strconv.Itoa(shard)
	return []string{r.keys.members, r.keys.owners, p, p + ":claimed", p + ":settled"}
}

// Take implements replica.Store.
func (r *Replicas) Take(ctx context.Context, t replica.Take) (replica.Taken, error) {
	args := []string{t.Instance, strconv.Itoa(t.Shard), number(t.Seen), number(t.Above), r.cfg.Prefix + r.keys.topic, number(t.Of)}
	for _, seq := range t.Unbegun {
		args = append(args, number(seq))
	}
	how, answer, err := r.run(ctx, takeScript, r.shardKeys(t.Shard), args)
	if err != nil {
		return replica.Taken{}, err
	}
	if how != "ok" {
		return replica.Taken{}, replica.ErrBusy
	}
	a := reader{answer}
	out := replica.Taken{Generation: a.number(0), Former: a.text(1), Claimed: a.numbers(4), Settled: a.numbers(5)}
	if text := a.text(2); text != "" {
		var s discord.Session
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return replica.Taken{}, fmt.Errorf("read the session of shard %d: %w", t.Shard, err)
		}
		out.Session = s
	}
	out.Session.Seq = a.number(3)
	return out, nil
}

// Write implements replica.Store.
func (r *Replicas) Write(ctx context.Context, w replica.Write) (replica.Written, error) {
	session := ""
	if w.Session != nil {
		text, err := json.Marshal(w.Session)
		if err != nil {
			return replica.Written{}, err
		}
		session = string(text)
	}
	release := "0"
	if w.Release {
		release = "1"
	}
	low := w.Low
	if w.Session != nil {
		low = max(low, w.Session.Seq)
	}
	args := []string{
		w.Instance, strconv.Itoa(w.Shard), number(w.Generation), number(w.Number), session, number(low), release, number(life.Milliseconds()), r.cfg.Prefix + r.keys.topic,
		strconv.Itoa(len(w.Free)), strconv.Itoa(len(w.Claim)), strconv.Itoa(len(w.Settle)),
	}
	for _, list := range [][]int64{w.Free, w.Claim, w.Settle} {
		for _, seq := range list {
			args = append(args, number(seq))
		}
	}
	how, answer, err := r.run(ctx, writeScript, r.shardKeys(w.Shard), args)
	if err != nil {
		return replica.Written{}, err
	}
	if how != "ok" {
		return replica.Written{}, replica.ErrStale
	}
	a := reader{answer}
	out := replica.Written{Before: a.number(0)}
	for i := range w.Claim {
		out.Granted = append(out.Granted, a.number(1+i) == 1)
	}
	return out, nil
}

// Identify implements replica.Store.
func (r *Replicas) Identify(ctx context.Context, i replica.Identify) (time.Duration, error) {
	what, limit := "ask", [3]int64{-1, 0, 0}
	switch {
	case i.Done:
		what = "done"
	case i.Left:
		what = "left"
	}
	if i.Limit != nil {
		limit = [3]int64{int64(max(i.Limit.Remaining, 0)), int64(max(i.Limit.Total, 1)), i.Limit.ResetAfter}
	}
	_, answer, err := r.run(ctx, identifyScript, []string{r.keys.identify}, []string{
		i.Instance, strconv.Itoa(i.Lane), what, number(i.Every.Milliseconds()), number(i.Hold.Milliseconds()),
		number(limit[0]), number(limit[1]), number(limit[2]), number(replica.SameDay.Milliseconds()),
	})
	return milli(reader{answer}.number(0)), err
}

// Watch implements replica.Store.
func (r *Replicas) Watch(ctx context.Context, news func()) error {
	for ctx.Err() == nil {
		s, err := r.connected(ctx)
		if err == nil {
			return s.Subscribe(ctx, r.keys.topic, news, func([]byte) { news() })
		}
		if !fault.Is(err, fault.Unavailable) {
			return err
		}
		clock.Sleep(ctx, clock.Real, firstPause)
	}
	return nil
}
