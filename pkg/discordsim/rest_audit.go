package discordsim

import (
	"encoding/json"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxAudit is how many entries a guild's audit log keeps.
const maxAudit = 1000

type auditEntry struct {
	ID     thingID           `json:"id"`
	Action int               `json:"action_type"`
	By     snowflake.UserID  `json:"user_id"`
	Target *string           `json:"target_id"`
	Reason string            `json:"reason,omitempty"`
	Of     snowflake.GuildID `json:"guild_id,omitempty"` // In events.
}

// audited are the routes that leave an entry, with its type and the parameter
// that is its target; without one it is the "id" of the answer.
var audited = map[string]struct {
	action int
	target string
}{
	"PATCH /guilds/{guild}":                               {1, "guild"},
	"POST /guilds/{guild}/channels":                       {10, ""},
	"PATCH /channels/{channel}":                           {11, "channel"},
	"DELETE /channels/{channel}":                          {12, "channel"},
	"PUT /channels/{channel}/permissions/{overwrite}":     {14, "channel"},
	"DELETE /channels/{channel}/permissions/{overwrite}":  {15, "channel"},
	"DELETE /guilds/{guild}/members/{user}":               {20, "user"},
	"POST /guilds/{guild}/prune":                          {21, ""},
	"PUT /guilds/{guild}/bans/{user}":                     {22, "user"},
	"DELETE /guilds/{guild}/bans/{user}":                  {23, "user"},
	"PATCH /guilds/{guild}/members/{user}":                {24, "user"},
	"PUT /guilds/{guild}/members/{user}/roles/{role}":     {25, "user"},
	"DELETE /guilds/{guild}/members/{user}/roles/{role}":  {25, "user"},
	"POST /guilds/{guild}/roles":                          {30, ""},
	"PATCH /guilds/{guild}/roles/{role}":                  {31, "role"},
	"DELETE /guilds/{guild}/roles/{role}":                 {32, "role"},
	"POST /channels/{channel}/invites":                    {40, ""},
	"DELETE /invites/{code}":                              {42, ""},
	"POST /channels/{channel}/webhooks":                   {50, ""},
	"POST /channels/{channel}/followers":                  {50, ""},
	"PATCH /webhooks/{webhook}":                           {51, "webhook"},
	"DELETE /webhooks/{webhook}":                          {52, "webhook"},
	"POST /guilds/{guild}/emojis":                         {60, ""},
	"PATCH /guilds/{guild}/emojis/{emoji}":                {61, "emoji"},
	"DELETE /guilds/{guild}/emojis/{emoji}":               {62, "emoji"},
	"DELETE /channels/{channel}/messages/{message}":       {72, "message"},
	"POST /channels/{channel}/messages/bulk-delete":       {73, "channel"},
	"PUT /channels/{channel}/messages/pins/{message}":     {74, "message"},
	"DELETE /channels/{channel}/messages/pins/{message}":  {75, "message"},
	"POST /stage-instances":                               {83, ""},
	"PATCH /stage-instances/{channel}":                    {84, ""},
	"DELETE /stage-instances/{channel}":                   {85, "channel"},
	"POST /guilds/{guild}/stickers":                       {90, ""},
	"PATCH /guilds/{guild}/stickers/{sticker}":            {91, "sticker"},
	"DELETE /guilds/{guild}/stickers/{sticker}":           {92, "sticker"},
	"POST /guilds/{guild}/scheduled-events":               {100, ""},
	"PATCH /guilds/{guild}/scheduled-events/{event}":      {101, "event"},
	"DELETE /guilds/{guild}/scheduled-events/{event}":     {102, "event"},
	"POST /channels/{channel}/threads":                    {110, ""},
	"POST /guilds/{guild}/soundboard-sounds":              {130, ""},
	"PATCH /guilds/{guild}/soundboard-sounds/{sound}":     {131, "sound"},
	"DELETE /guilds/{guild}/soundboard-sounds/{sound}":    {132, "sound"},
	"POST /guilds/{guild}/auto-moderation/rules":          {140, ""},
	"PATCH /guilds/{guild}/auto-moderation/rules/{rule}":  {141, "rule"},
	"DELETE /guilds/{guild}/auto-moderation/rules/{rule}": {142, "rule"},
	"PUT /guilds/{guild}/onboarding":                      {167, "guild"},
}

// audit writes what a request did into the guild's audit log. Sim.mu is held.
func (s *Sim) audit(c *call, answer []byte) {
	entry, ok := audited[c.route.name]
	if !ok || c.guild == nil {
		return
	}
	e := &auditEntry{ID: thingID(s.ids.next()), Action: entry.action, By: s.bot.ID, Reason: c.reason()}
	target := c.param(entry.target)
	if entry.target == "" {
		var made struct {
			ID    string `json:"id"`
			Sound string `json:"sound_id"`
		}
		if json.Unmarshal(answer, &made) == nil {
			target = made.ID + made.Sound
		}
	}
	if target != "" {
		e.Target = &target
	}
	g := c.guild
	g.audits = append(g.audits, e)
	if len(g.audits) > maxAudit {
		g.audits = g.audits[len(g.audits)-maxAudit:]
	}
	told := *e
	told.Of = g.ID
	if s.botNeeds(g, permViewAuditLog) == nil {
		s.dispatch(g, "GUILD_AUDIT_LOG_ENTRY_CREATE", &told)
	}
}

func (s *Sim) auditRoutes() []route {
	return []route{{method: "GET", pattern: "/guilds/{guild}/audit-logs", handle: s.listAudit}}
}

// listAudit lists the newest entries first, or with "after" the oldest ones.
func (s *Sim) listAudit(c *call) (any, error) {
	g, err := c.guildNeeds(permViewAuditLog)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(50, 100)
	if err != nil {
		return nil, err
	}
	var bounds [3]uint64
	for i, key := range []string{"before", "after", "user_id"} {
		if bounds[i], err = queryID[uint64](c, key); err != nil {
			return nil, err
		}
	}
	before, after, by := bounds[0], bounds[1], bounds[2]
	action, _ := strconv.Atoi(c.query.Get("action_type"))
	target := c.query.Get("target_id")
	entries, users := []*auditEntry{}, []*user{}
	for i := range g.audits {
		e := g.audits[len(g.audits)-1-i]
		if c.query.Has("after") {
			e = g.audits[i]
		}
		switch {
		case before != 0 && uint64(e.ID) >= before, uint64(e.ID) <= after, by != 0 && uint64(e.By) != by, len(entries) == limit,
			action != 0 && e.Action != action, target != "" && (e.Target == nil || *e.Target != target):
			continue
		}
		entries = append(entries, e)
		if len(users) == 0 { // Only the bot acts by REST.
			users = append(users, s.bot)
		}
	}
	return map[string]any{
		"audit_log_entries": entries, "users": users, "integrations": []any{}, "webhooks": []any{}, "guild_scheduled_events": []any{},
		"threads": []any{}, "application_commands": []any{}, "auto_moderation_rules": []any{},
	}, nil
}
