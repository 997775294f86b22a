package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The types of interactions.
const (
	interactCommand      = 2
	interactComponent    = 3
	interactAutocomplete = 4
	interactModal        = 5
)

// The types of answers.
const (
	answerMessage        = 4
	answerDeferred       = 5
	answerDeferredUpdate = 6
	answerUpdate         = 7
	answerChoices        = 8
	answerModal          = 9
)

// interaction is something a person did to the bot, and what became of it.
// Sim.mu guards it.
type interaction struct {
	id      snowflake.InteractionID
	token   string
	kind    int
	channel *channel
	who     *member
	made    time.Time
	// command is the name of the command, for a command.
	command string
	// source is the message whose component was used, or below which the modal
	// was opened.
	source *message
	// opener is what was answered with the modal, for its submission.
	opener *interaction

	// answer is the type of the first answer; 0 while there is none.
	answer int
	// late is set when nobody waits for a first answer any more.
	late bool
	// original is the message that answers: the new one, or the source when the
	// answer is an update of it.
	original *message
	// edited counts what happened to the answer after the first: edits and
	// follow-ups; last is the newest message of them.
	edited int
	last   *message
	modal  map[string]any
	choice []any

	// steps are the requests about it, and answers how many of them were to be
	// the first answer.
	steps   []step
	answers int

	changed chan struct{}
}

// touch wakes who waits for a change.
func (in *interaction) touch() {
	if in.changed != nil {
		close(in.changed)
		in.changed = nil
	}
}

// watch closes at the next change.
func (in *interaction) watch() <-chan struct{} {
	if in.changed == nil {
		in.changed = make(chan struct{})
	}
	return in.changed
}

// maxInteractions is how many interactions are remembered at once.
const maxInteractions = 100_000

// interactionSet are the interactions whose tokens live.
type interactionSet struct {
	byID    map[snowflake.InteractionID]*interaction
	byToken map[string]*interaction
	// order is from the oldest to the newest.
	order []*interaction
	// modals are the windows that are open, one per person and guild.
	modals map[modalKey]*interaction
}

type modalKey struct {
	guild snowflake.GuildID
	user  snowflake.UserID
}

// add remembers the interaction and forgets those that are over.
func (is *interactionSet) add(in *interaction, life time.Duration) {
	if is.byID == nil {
		is.byID = map[snowflake.InteractionID]*interaction{}
		is.byToken = map[string]*interaction{}
		is.modals = map[modalKey]*interaction{}
	}
	gone := 0
	for gone < len(is.order) && (in.made.Sub(is.order[gone].made) > life || len(is.order)-gone >= maxInteractions) {
		is.forget(is.order[gone])
		gone++
	}
	is.order = append(is.order[gone:], in)
	is.byID[in.id] = in
	is.byToken[in.token] = in
}

func (is *interactionSet) forget(in *interaction) {
	delete(is.byID, in.id)
	delete(is.byToken, in.token)
	key := modalKey{in.channel.GuildID, in.who.User.ID}
	if is.modals[key] == in {
		delete(is.modals, key)
	}
	in.late = true
	in.touch()
}

// forgetGuild forgets the interactions of a guild that is gone.
func (is *interactionSet) forgetGuild(g *guild) {
	kept := is.order[:0]
	for _, in := range is.order {
		if in.channel.guild == g {
			is.forget(in)
			continue
		}
		kept = append(kept, in)
	}
	clear(is.order[len(kept):])
	is.order = kept
}

// endAll wakes everybody who waits for an answer.
func (is *interactionSet) endAll() {
	for _, in := range is.order {
		in.late = true
		in.touch()
	}
}

// overdue reports whether the time for the first answer is over without one.
func (s *Sim) overdue(in *interaction) bool {
	return in.answer == 0 && (in.late || s.now().Sub(in.made) > s.cfg.AnswerWithin)
}

// expired reports whether the token is of no use any more.
func (s *Sim) expired(in *interaction) bool {
	return s.now().Sub(in.made) > s.cfg.TokenLife
}

// begin gives the interaction its identity and sends it to the bot.
func (s *Sim) beginInteraction(in *interaction, data any) {
	in.id, in.made = snowflake.InteractionID(s.ids.next()), s.now()
	in.token = "aW50ZXJhY3Rpb246" + in.id.String() + randomHex(32)
	s.interactions.add(in, s.cfg.TokenLife)
	s.dispatch(in.channel.guild, "INTERACTION_CREATE", s.interactionEvent(in, data))
}

// interactionEvent is the payload of INTERACTION_CREATE.
func (s *Sim) interactionEvent(in *interaction, data any) map[string]any {
	ch, g := in.channel, in.channel.guild
	who := *in.who
	who.Permissions = ptr(g.permissionsIn(ch, in.who, s.now()))
	d := map[string]any{
		"id": in.id, "application_id": s.application.ID, "type": in.kind, "token": in.token, "version": 1,
		"guild_id": g.ID, "guild": map[string]any{"id": g.ID, "locale": "en-US", "features": []string{}},
		"channel_id": ch.ID, "channel": s.interactionChannel(ch, in.who), "member": &who, "data": data,
		"locale": "en-US", "guild_locale": "en-US", "context": 0, "attachment_size_limit": 10 << 20,
		"app_permissions": g.permissionsIn(ch, g.members[s.bot.ID], s.now()), "entitlements": []any{},
		"entitlement_sku_ids": []any{}, "authorizing_integration_owners": map[string]any{"0": g.ID},
	}
	if in.source != nil {
		d["message"] = in.source
	}
	return d
}

// interactionChannel is the channel as interactions carry it.
func (s *Sim) interactionChannel(ch *channel, who *member) map[string]any {
	d := map[string]any{
		"id": ch.ID, "type": ch.Type, "guild_id": ch.GuildID, "name": ch.Name, "parent_id": ch.ParentID, "flags": ch.Flags,
		"last_message_id": ch.LastMessageID, "rate_limit_per_user": ch.RateLimitPerUser,
		"permissions": ch.guild.permissionsIn(ch, who, s.now()),
	}
	if ch.isThread() {
		d["thread_metadata"] = ch.Metadata
		return d
	}
	d["position"], d["topic"], d["nsfw"] = ch.Position, ch.Topic, ch.NSFW
	return d
}

// metadata is what a message tells of the interaction that it answers.
func (in *interaction) metadata() map[string]any {
	out := map[string]any{
		"id": in.id, "type": in.kind, "user": in.who.User, "authorizing_integration_owners": map[string]any{"0": in.channel.GuildID},
	}
	if in.kind == interactCommand {
		out["name"], out["command_type"] = in.command, commandChat
	}
	if in.source != nil {
		out["interacted_message_id"] = in.source.ID
	}
	if in.opener != nil {
		out["triggering_interaction_metadata"] = in.opener.metadata()
	}
	return out
}

// newAnswer is a message of the bot that answers the interaction.
func (s *Sim) newAnswer(in *interaction, ephemeral bool) *message {
	m := s.newMessage(in.channel, s.bot)
	m.ApplicationID = ptr(uint64String(s.application.ID))
	m.WebhookID = ptr(snowflake.WebhookID(s.application.ID))
	who := in.who.User
	switch {
	case in.kind == interactCommand:
		m.Type = messageCommand
		m.Interaction = map[string]any{"id": in.id, "type": in.kind, "name": in.command, "user": who}
	case in.source != nil:
		s.refer(m, in.source, 0)
	}
	m.Metadata = in.metadata()
	if ephemeral {
		m.Flags |= flagEphemeral
		m.seenBy = who.ID
	}
	return m
}
