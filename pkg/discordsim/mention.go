package discordsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

var mentionPattern = regexp.MustCompile(`<@(!|&)?(\d{1,19})>|@everyone|@here`)

// mentionRules say which mentions in a content count; the zero value lets none.
type mentionRules struct {
	users, roles, everyone bool
	userIDs, roleIDs       []uint64
	replied                bool
}

// allMentions is what holds when allowed_mentions was not sent.
func allMentions() mentionRules {
	return mentionRules{users: true, roles: true, everyone: true, replied: true}
}

// readMentionRules reads "allowed_mentions".
func readMentionRules(f form) mentionRules {
	a, ok := f.sub("allowed_mentions")
	if !ok {
		return allMentions()
	}
	var r mentionRules
	if list, ok := a.list("parse", 3); ok {
		for i, v := range list {
			switch v {
			case "users":
				r.users = true
			case "roles":
				r.roles = true
			case "everyone":
				r.everyone = true
			default:
				a.at("parse").complain(fmt.Sprint(i), "BASE_TYPE_CHOICES", "Value must be one of ('users', 'everyone', 'roles').")
			}
		}
	}
	r.userIDs, _ = a.ids("users", 100)
	r.roleIDs, _ = a.ids("roles", 100)
	for _, part := range []struct {
		key  string
		both bool
	}{{"users", r.users && len(r.userIDs) > 0}, {"roles", r.roles && len(r.roleIDs) > 0}} {
		if part.both {
			a.complain("", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", fmt.Sprintf("parse:[%q] and %s: [ids...] are mutually exclusive.", part.key, part.key))
		}
	}
	r.replied, _ = a.flag("replied_user")
	return r
}

// applyMentions fills what the message mentions.
func (s *Sim) applyMentions(m *message, speaker *member) {
	m.Mentions, m.MentionRoles, m.MentionEveryone = noMentions, noRoles, false
	if m.Referenced != nil && m.allowed.replied && m.Type == messageReply {
		if u := s.users[m.Referenced.by]; u != nil {
			m.Mentions = append(m.Mentions, u)
		}
	}
	if !strings.Contains(m.Content, "@") {
		return
	}
	g := m.channel.guild
	mayAll := speaker == nil || g.permissionsIn(m.channel, speaker, s.now())&permMentionEveryone != 0
	for _, found := range mentionPattern.FindAllStringSubmatch(m.Content, -1) {
		id, _ := asID(found[2])
		switch {
		case found[2] == "":
			m.MentionEveryone = m.MentionEveryone || m.allowed.everyone && mayAll
		case found[1] == "&":
			r := g.roles[snowflake.RoleID(id)]
			if r != nil && (r.Mentionable || mayAll) && (m.allowed.roles || slices.Contains(m.allowed.roleIDs, id)) && !slices.Contains(m.MentionRoles, r.ID) {
				m.MentionRoles = append(m.MentionRoles, r.ID)
			}
		default:
			u := s.users[snowflake.UserID(id)]
			if u != nil && (m.allowed.users || slices.Contains(m.allowed.userIDs, id)) && !slices.Contains(m.Mentions, u) {
				m.Mentions = append(m.Mentions, u)
			}
		}
	}
}
