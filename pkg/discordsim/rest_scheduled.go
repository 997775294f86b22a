package discordsim

import (
	"slices"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const maxEvents = 100

// The kinds of scheduled events, and how far they are.
const (
	eventStage     = 1
	eventVoice     = 2
	eventElsewhere = 3

	statusScheduled = 1
	statusActive    = 2
	statusCompleted = 3
	statusCanceled  = 4
)

type scheduledEvent struct {
	ID          thingID              `json:"id"`
	GuildID     snowflake.GuildID    `json:"guild_id"`
	ChannelID   *snowflake.ChannelID `json:"channel_id"`
	CreatorID   snowflake.UserID     `json:"creator_id"`
	Creator     *user                `json:"creator"`
	Name        string               `json:"name"`
	Description *string              `json:"description"`
	Image       *string              `json:"image"`
	Start       string               `json:"scheduled_start_time"`
	End         *string              `json:"scheduled_end_time"`
	Privacy     int                  `json:"privacy_level"`
	Status      int                  `json:"status"`
	Kind        int                  `json:"entity_type"`
	EntityID    *thingID             `json:"entity_id"`
	Metadata    any                  `json:"entity_metadata"`
	Recurrence  any                  `json:"recurrence_rule"`
	Exceptions  []any                `json:"guild_scheduled_event_exceptions"`
	UserCount   *int                 `json:"user_count,omitempty"`

	interested []*user
}

func eventKey(e *scheduledEvent) uint64 { return uint64(e.ID) }

func (s *Sim) scheduledRoutes() []route {
	const list = "/guilds/{guild}/scheduled-events"
	return []route{
		{method: "GET", pattern: list, handle: s.listEvents},
		{method: "POST", pattern: list, handle: s.createEvent},
		{method: "GET", pattern: list + "/{event}", handle: s.getEvent},
		{method: "PATCH", pattern: list + "/{event}", handle: s.editEvent},
		{method: "DELETE", pattern: list + "/{event}", handle: s.deleteEvent},
		{method: "GET", pattern: list + "/{event}/users", handle: s.listEventUsers},
	}
}

// counted is the event with how many are interested, if that was asked for.
func (e *scheduledEvent) counted(c *call) *scheduledEvent {
	out := *e
	if c.queryFlag("with_user_count") {
		out.UserCount = ptr(len(e.interested))
	}
	return &out
}

func (s *Sim) listEvents(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	out := []*scheduledEvent{}
	for _, e := range values(g.events, eventKey) {
		out = append(out, e.counted(c))
	}
	return out, nil
}

func (c *call) pathEvent(need permission) (*guild, *scheduledEvent, error) {
	return pathThing(c, func(g *guild) map[thingID]*scheduledEvent { return g.events }, need, "event", errUnknownEvent)
}

func (s *Sim) getEvent(c *call) (any, error) {
	_, e, err := c.pathEvent(0)
	if err != nil {
		return nil, err
	}
	return e.counted(c), nil
}

// change reads a request onto the event.
func (e *scheduledEvent) change(f form, g *guild, now time.Time) {
	if name, ok := f.textBetween("name", 1, 100); ok {
		e.Name = name
	}
	setText(f, "description", 1000, &e.Description)
	if n, ok := f.choice("entity_type", eventStage, eventVoice, eventElsewhere); ok {
		e.Kind = int(n)
	}
	if _, ok := f.choice("privacy_level", 2); ok {
		e.Privacy = 2
	}
	g.ownChannel(f, "channel_id", &e.ChannelID)
	if f.has("image") {
		e.Image = imageHash(f, "image")
	}
	if v, ok := f.fields["recurrence_rule"]; ok {
		e.Recurrence = v
	}
	if f.has("entity_metadata") {
		e.Metadata = nil
		if m, ok := f.sub("entity_metadata"); ok {
			e.Metadata = map[string]any{"location": m.text("location", 100)}
		}
	}
	start := e.readTime(f, "scheduled_start_time", func(text string) { e.Start = text })
	end := e.readTime(f, "scheduled_end_time", func(text string) { e.End = &text })
	if !start.IsZero() && !start.After(now) {
		f.complain("scheduled_start_time", "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST", "Cannot schedule event in the past.")
	}
	if !end.IsZero() && !start.IsZero() && !end.After(start) {
		f.complain("scheduled_end_time", "GUILD_SCHEDULED_EVENT_SCHEDULE_END", "The event must end after it begins.")
	}
	e.checkPlace(f, g)
}

func (e *scheduledEvent) readTime(f form, key string, set func(string)) time.Time {
	text := f.text(key, 64)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		f.complain(key, "DATE_TIME_TYPE_PARSE", "Could not parse "+clip(text)+". Should be ISO8601.")
		return time.Time{}
	}
	set(timestamp(at))
	return at
}

// checkPlace holds the kind of event against where it is.
func (e *scheduledEvent) checkPlace(f form, g *guild) {
	place, _ := e.Metadata.(map[string]any)
	switch {
	case e.Kind == eventElsewhere && (place == nil || place["location"] == ""):
		f.required("entity_metadata")
	case e.Kind == eventElsewhere && e.End == nil:
		f.required("scheduled_end_time")
	case e.Kind == eventElsewhere:
		e.ChannelID = nil
	case e.ChannelID == nil:
		f.required("channel_id")
	default:
		want := map[int]int{eventStage: channelStage, eventVoice: channelVoice}[e.Kind]
		if g.channels[*e.ChannelID].Type != want {
			f.complain("channel_id", "CHANNEL_TYPE_INVALID", "The channel is not of the event's type.")
		}
	}
}

func (s *Sim) createEvent(c *call) (any, error) {
	g, f, err := c.guildForm(permCreateEvents)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"name", "entity_type", "privacy_level", "scheduled_start_time"} {
		if !f.sent(key) {
			f.required(key)
		}
	}
	e := &scheduledEvent{GuildID: g.ID, CreatorID: s.bot.ID, Creator: s.bot, Status: statusScheduled, Exceptions: []any{}}
	e.change(f, g, s.now())
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(g.events) >= maxEvents {
		return nil, errMaxEvents
	}
	e.ID = thingID(s.ids.next())
	put(&g.events, e.ID, e)
	s.dispatch(g, "GUILD_SCHEDULED_EVENT_CREATE", e)
	return e, nil
}

// next are the states that may follow one.
var next = map[int][]int{statusScheduled: {statusActive, statusCanceled}, statusActive: {statusCompleted}}

func (s *Sim) editEvent(c *call) (any, error) {
	g, e, err := c.pathEvent(permManageEvents)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	after := *e
	if n, ok := f.choice("status", statusScheduled, statusActive, statusCompleted, statusCanceled); ok && int(n) != e.Status {
		if !slices.Contains(next[e.Status], int(n)) {
			f.complain("status", "TRANSITION_INVALID", "Invalid Guild Scheduled Event Status Transition")
		}
		after.Status = int(n)
	}
	after.change(f, g, s.now())
	if err := f.err(); err != nil {
		return nil, err
	}
	*e = after
	s.dispatch(g, "GUILD_SCHEDULED_EVENT_UPDATE", e)
	return e, nil
}

func (s *Sim) deleteEvent(c *call) (any, error) {
	g, e, err := c.pathEvent(permManageEvents)
	if err != nil {
		return nil, err
	}
	delete(g.events, e.ID)
	s.dispatch(g, "GUILD_SCHEDULED_EVENT_DELETE", e)
	return nil, nil
}

func (s *Sim) listEventUsers(c *call) (any, error) {
	g, e, err := c.pathEvent(0)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(100, 100)
	if err != nil {
		return nil, err
	}
	before, err := queryID[snowflake.UserID](c, "before")
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	users := slices.Clone(e.interested)
	sortBy(users, func(u *user) uint64 { return uint64(u.ID) })
	out := []any{}
	for _, u := range users {
		if u.ID <= after || before != 0 && u.ID >= before || len(out) == limit {
			continue
		}
		one := map[string]any{"guild_scheduled_event_id": e.ID, "user_id": u.ID, "user": u, "response": 1}
		if m := g.members[u.ID]; m != nil && c.queryFlag("with_member") {
			one["member"] = m
		}
		out = append(out, one)
	}
	return out, nil
}

// Attend marks a member as interested in a scheduled event.
func (s *Sim) Attend(guild snowflake.GuildID, event uint64, who string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil || g.events[thingID(event)] == nil {
		return errUnknownEvent
	}
	m, err := s.speaker(g, who)
	if err != nil {
		return err
	}
	e := g.events[thingID(event)]
	if slices.Contains(e.interested, m.User) {
		return nil
	}
	e.interested = append(e.interested, m.User)
	s.dispatch(g, "GUILD_SCHEDULED_EVENT_USER_ADD", map[string]any{"guild_scheduled_event_id": e.ID, "user_id": m.User.ID, "guild_id": g.ID})
	return nil
}
