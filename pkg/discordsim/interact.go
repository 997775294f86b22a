package discordsim

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Action is something that a person does to the bot: a command, a component or
// the submission of a modal.
type Action struct {
	// Author is a member, by user name or id; "" is a plain one.
	Author string `json:"author"`
	// Channel is where it happens, the guild's first channel by default. For
	// components it is the message's.
	Channel string `json:"channel"`

	// Command is the name of a registered command, and Options its options: an
	// object from names to values, or a list of {"name", "value"}. Subcommand is
	// "name", or "group name". Target is the user or the message of a context
	// menu command. Focused names the option that is being typed, which asks the
	// bot for completions instead of running the command.
	Command string `json:"command"`
	// CommandType is 1 for a slash command, 2 for one on users and 3 for one on
	// messages; 0 takes the first of that name.
	CommandType int             `json:"command_type"`
	Options     json.RawMessage `json:"options"`
	Subcommand  string          `json:"subcommand"`
	Target      string          `json:"target"`
	Focused     string          `json:"focused"`

	// CustomID is the component of the message MessageID, and Values what was
	// chosen in a select.
	CustomID  string   `json:"custom_id"`
	MessageID string   `json:"message_id"`
	Values    []string `json:"values"`

	// Modal is the custom id of the modal that is open, and Fields what was
	// entered, by custom id: texts, or lists for selects.
	Modal  string                     `json:"modal"`
	Fields map[string]json.RawMessage `json:"fields"`

	// Wait waits for what follows a deferred answer, WaitMS milliseconds at most
	// (30,000 by default).
	Wait   bool `json:"wait"`
	WaitMS int  `json:"wait_ms"`
	// Detach waits for nothing; GET /sim/interactions tells what becomes of it.
	Detach bool `json:"detach"`
}

// Outcome is what the person sees.
type Outcome struct {
	// Type is message, update (of the message whose component was used),
	// deferred, deferred_update, modal, autocomplete, error, or sent when nothing
	// was waited for.
	Type          string                  `json:"type"`
	InteractionID snowflake.InteractionID `json:"interaction_id"`
	Message       json.RawMessage         `json:"message,omitempty"`
	Modal         json.RawMessage         `json:"modal,omitempty"`
	Choices       json.RawMessage         `json:"choices,omitempty"`
	Error         string                  `json:"error,omitempty"`
	Followups     int                     `json:"followups,omitempty"`
	// Content repeats the text that is seen, and Ephemeral who sees it.
	Content   string `json:"content"`
	Ephemeral bool   `json:"ephemeral"`
}

const (
	// notResponding is what Discord's clients show after three seconds.
	notResponding = "The application did not respond"
	standardWait  = 30 * time.Second
	maxWaitMS     = 15 * 60 * 1000
)

// Act lets a person do something to the bot and waits for what they see.
func (s *Sim) Act(ctx context.Context, guild snowflake.GuildID, a Action) (Outcome, error) {
	in, err := s.start(guild, a)
	if err != nil {
		return Outcome{}, err
	}
	if a.Detach {
		return Outcome{Type: "sent", InteractionID: in.id}, nil
	}
	longer := time.Duration(0)
	if a.Wait {
		longer = standardWait
		if a.WaitMS > 0 {
			longer = time.Duration(a.WaitMS) * time.Millisecond
		}
	}
	return s.watch(ctx, in, longer)
}

// start checks the action and sends the interaction.
func (s *Sim) start(guild snowflake.GuildID, a Action) (*interaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return nil, absent(10004, "there is no guild %s", guild)
	}
	if a.WaitMS < 0 || a.WaitMS > maxWaitMS {
		return nil, wrong("wait_ms must be from 0 to %d", maxWaitMS)
	}
	if a.Detach && (a.Wait || a.WaitMS != 0) {
		return nil, wrong("detach goes without wait and wait_ms")
	}
	kinds := 0
	for _, used := range []bool{a.Command != "", a.CustomID != "", a.Modal != ""} {
		if used {
			kinds++
		}
	}
	if kinds != 1 {
		return nil, wrong("give one of command, custom_id (with message_id) and modal")
	}
	if s.closed {
		return nil, refuse(http.StatusServiceUnavailable, 0, "the simulator is closed")
	}
	who, err := s.speaker(g, a.Author)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Command != "":
		return s.startCommand(g, who, a)
	case a.CustomID != "":
		return s.startComponent(g, who, a)
	default:
		return s.startModal(g, who, a)
	}
}

// where finds the channel of the action; the person must see it.
func (s *Sim) where(g *guild, who *member, id string) (*channel, error) {
	var ch *channel
	if id == "" {
		for _, c := range g.sortedChannels(false) {
			if c.hasMessages() {
				ch = c
				break
			}
		}
		if ch == nil {
			return nil, wrong("guild %s has no channel to do it in", g.ID)
		}
	} else {
		cid, err := snowflake.ParseChannel(id)
		if err != nil {
			return nil, wrong("channel %q is not an id", clip(id))
		}
		if ch = g.channels[cid]; ch == nil {
			return nil, absent(10003, "guild %s has no channel %s", g.ID, cid)
		}
	}
	if g.permissionsIn(ch, who, s.now())&permViewChannel == 0 {
		return nil, refuse(http.StatusForbidden, 50001, who.User.Username+" does not see channel "+ch.ID.String())
	}
	return ch, nil
}

// watch waits for the first answer and, for longer more, for what follows a
// deferred one.
func (s *Sim) watch(ctx context.Context, in *interaction, longer time.Duration) (Outcome, error) {
	timer := time.NewTimer(s.cfg.AnswerWithin)
	defer timer.Stop()
	waited, over := false, false
	for {
		s.mu.Lock()
		if over && in.answer == 0 {
			in.late = true // The person has seen the failure: nothing comes after it.
		}
		deferred := in.answer == answerDeferred || in.answer == answerDeferredUpdate
		settled := in.answer != 0 && (!deferred || in.edited > 0 || longer == 0)
		if settled || over || in.late {
			o := s.outcome(in)
			s.mu.Unlock()
			return o, nil
		}
		changed := in.watch()
		s.mu.Unlock()
		if deferred && !waited {
			waited = true
			timer.Reset(longer)
		}
		select {
		case <-changed:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			return Outcome{}, ctx.Err()
		}
	}
}

// outcome says what the person sees now.
func (s *Sim) outcome(in *interaction) Outcome {
	o := Outcome{InteractionID: in.id}
	shown := in.original
	switch in.answer {
	case answerMessage:
		o.Type = "message"
	case answerDeferred:
		o.Type = "deferred"
		if in.edited > 0 {
			o.Type = "message"
		}
	case answerUpdate:
		o.Type = "update"
	case answerDeferredUpdate:
		o.Type = "deferred_update"
		if in.edited > 0 {
			o.Type, shown = "update", in.last
			if in.last != in.original {
				o.Type = "message"
			}
		}
	case answerModal:
		o.Type, o.Modal = "modal", mustEncode(in.modal)
	case answerChoices:
		o.Type, o.Choices = "autocomplete", mustEncode(in.choice)
	default:
		o.Type, o.Error, o.Content = "error", notResponding, notResponding
	}
	if shown != nil {
		o.Message, o.Content, o.Ephemeral = mustEncode(shown), shown.Content, shown.seenBy != 0
	}
	return o
}

func (s *Sim) controlInteract(c *controlCall) (any, error) {
	var a Action
	g, err := c.decodeInGuild(&a)
	if err != nil {
		return nil, err
	}
	return s.Act(c.req.Context(), g.ID, a)
}
