package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/identity"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/forward"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openForward makes what brings requests to the replicas that have their guilds,
// and answers what those ask.
func (rt *runtime) openForward() error {
	if rt.replicas == nil {
		return nil
	}
	self, err := rt.replica()
	if err != nil {
		return err
	}
	rt.forward, err = forward.New(forward.Config{
		Group: neighbours{rt.replicas}, Name: self.Name, Secret: rt.cfg.API.Secret,
		Count: telemetry.Forwarded(rt.stats, forward.Outcomes()), Log: rt.log.Named("replicas"),
	})
	if err != nil {
		return err
	}
	rt.life.release("ways to other replicas", func() error { rt.forward.Close(); return nil })
	rt.forward.Answer("guilds", func(r *http.Request) (any, error) { return rt.tellGuilds(r.URL.Query()) })
	if err := rt.openHistory(self.Name); err != nil {
		return err
	}
	rt.openNotices(self.Name)
	return nil
}

// shareRequests has the API serve with the other replicas.
func (rt *runtime) shareRequests(cfg *api.Config) {
	if rt.forward == nil {
		return
	}
	cfg.Replicas, cfg.History = rt.forward, rt.history
	cfg.Deploy = func(ctx context.Context, r deploy.Request) (deploy.Revision, error) {
		rev, err := rt.bot.Deploy(ctx, r)
		rt.notices.tell(notice{Guild: r.Guild, What: deployed})
		return rev, err
	}
	cfg.Undeploy = func(ctx context.Context, guild snowflake.GuildID) ([]string, error) {
		warnings, err := rt.bot.Undeploy(ctx, guild)
		rt.notices.tell(notice{Guild: guild, What: deployed})
		return warnings, err
	}
}

// neighbours is forward.Group.
type neighbours struct{ *replica.Group }

func (n neighbours) Owner(ctx context.Context, guild snowflake.GuildID) (forward.Member, bool, error) {
	m, self, err := n.Group.Owner(ctx, guild)
	return forward.Member(m), self, err
}

func (n neighbours) Members() []forward.Member {
	var out []forward.Member
	for _, m := range n.Group.Members() {
		out = append(out, forward.Member(m))
	}
	return out
}

// presence is what the API knows of guilds that are other replicas'; nil without
// them.
func (rt *runtime) presence() identity.Others {
	if rt.forward == nil {
		return nil
	}
	return presence{rt}
}

// presence is identity.Others.
type presence struct{ *runtime }

// guildsDoc is what a replica says of guilds: those of its shards that the bot is
// in, and those of them that it is not in. It says nothing of others, nor of
// those that it is yet to find out about.
type guildsDoc struct {
	In  []snowflake.GuildID `json:"in"`
	Out []snowflake.GuildID `json:"out"`
	// Shards are those whose guilds it knows, in an answer of all guilds.
	Shards []int `json:"shards"`
}

// guildsAtOnce bounds the guilds of one question: they stand in its address.
const guildsAtOnce = 500

func (rt *runtime) tellGuilds(q url.Values) (guildsDoc, error) {
	if text := q.Get("ids"); text != "" {
		var ids []snowflake.GuildID
		for part := range strings.SplitSeq(text, ",") {
			id, err := snowflake.ParseGuild(part)
			if err != nil {
				return guildsDoc{}, fault.New(fault.BadRequest, "Bad request: %s", err)
			}
			ids = append(ids, id)
		}
		return rt.guildsHere(ids), nil
	}
	most, err := strconv.Atoi(q.Get("most"))
	if err != nil {
		return guildsDoc{}, fault.New(fault.BadRequest, "Bad request: most must be a number")
	}
	return rt.allHere(most), nil
}

// guildsHere is what this replica knows of the guilds.
func (rt *runtime) guildsHere(ids []snowflake.GuildID) (doc guildsDoc) {
	layout := rt.gateway.Layout()
	for _, id := range ids {
		switch {
		case layout == 0 || !rt.bot.Owns(id):
		case rt.gateway.State().Has(id):
			doc.In = append(doc.In, id)
		case rt.gateway.State().Complete(discord.ShardOf(id, layout)):
			doc.Out = append(doc.Out, id)
		}
	}
	return doc
}

// allHere are this replica's guilds, or most and one of them.
func (rt *runtime) allHere(most int) (doc guildsDoc) {
	layout := rt.gateway.Layout()
	for shard := range layout {
		if rt.gateway.State().Complete(shard) {
			doc.Shards = append(doc.Shards, shard)
		}
	}
	doc.In = rt.gateway.State().Guilds()
	doc.In = doc.In[:min(len(doc.In), max(most, 0)+1)]
	return doc
}

// Present implements identity.Others.
func (p presence) Present(ctx context.Context, among []snowflake.GuildID) ([]snowflake.GuildID, error) {
	known := map[snowflake.GuildID]bool{}
	learn := func(doc guildsDoc) {
		for _, id := range doc.In {
			known[id] = true
		}
		for _, id := range doc.Out {
			known[id] = known[id] || false
		}
	}
	unknown := func() []snowflake.GuildID {
		return slices.DeleteFunc(slices.Clone(among), func(id snowflake.GuildID) bool { _, ok := known[id]; return ok })
	}
	learn(p.guildsHere(among))
	var failed []error
	for rest := range slices.Chunk(unknown(), guildsAtOnce) {
		var ids []string
		for _, id := range rest {
			ids = append(ids, id.String())
		}
		for _, r := range forward.AskAll[guildsDoc](ctx, p.forward, "guilds", url.Values{"ids": {strings.Join(ids, ",")}}) {
			learn(r.Value)
			failed = append(failed, r.Err)
		}
	}
	if len(unknown()) > 0 {
		return nil, undecided(errors.Join(failed...))
	}
	return slices.DeleteFunc(slices.Clone(among), func(id snowflake.GuildID) bool { return !known[id] }), nil
}

// GuildIDs implements identity.Others.
func (p presence) GuildIDs(ctx context.Context, most int) ([]snowflake.GuildID, error) {
	shards := map[int]bool{}
	var all []snowflake.GuildID
	learn := func(doc guildsDoc) {
		for _, shard := range doc.Shards {
			shards[shard] = true
		}
		all = append(all, doc.In...)
	}
	learn(p.allHere(most))
	var failed []error
	for _, r := range forward.AskAll[guildsDoc](ctx, p.forward, "guilds", url.Values{"most": {strconv.Itoa(most)}}) {
		learn(r.Value)
		failed = append(failed, r.Err)
	}
	slices.Sort(all)
	all = slices.Compact(all) // A shard may be on its way from one to the other.
	if layout := p.gateway.Layout(); len(all) <= most && (layout == 0 || len(shards) < layout) {
		return nil, undecided(errors.Join(failed...))
	}
	return all, nil
}

// undecided is for what cannot be said before all replicas have spoken.
func undecided(err error) error {
	f := fault.Wrap(err, fault.Unavailable, "the replicas are finding out which servers the bot is in; try again in a moment")
	f.RetryAfter = time.Second
	return f
}
