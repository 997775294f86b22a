package discordsim

import (
	"slices"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) channelRoutes() []route {
	const one = "/channels/{channel}"
	return append(s.threadRoutes(),
		route{method: "GET", pattern: one, handle: s.getChannel},
		route{method: "PATCH", pattern: one, handle: s.editChannel, bucket: per(5, 15*time.Second)},
		route{method: "DELETE", pattern: one, handle: s.deleteChannel},
		route{method: "PUT", pattern: one + "/permissions/{overwrite}", handle: s.setOverwrite},
		route{method: "DELETE", pattern: one + "/permissions/{overwrite}", handle: s.deleteOverwrite},
		route{method: "GET", pattern: one + "/invites", handle: s.listChannelInvites},
		route{method: "POST", pattern: one + "/invites", handle: s.createInvite},
		route{method: "GET", pattern: "/guilds/{guild}/channels", handle: s.listChannels},
		route{method: "POST", pattern: "/guilds/{guild}/channels", handle: s.createChannel},
		route{method: "PATCH", pattern: "/guilds/{guild}/channels", handle: s.moveChannels},
	)
}

func (s *Sim) getChannel(c *call) (any, error) { return c.pathChannel(0) }

func (s *Sim) listChannels(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	return g.sortedChannels(false), nil
}

// maxChannels is how many channels a guild can have, threads aside.
const maxChannels = 500

func (s *Sim) createChannel(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageChannels); err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	kind := int64(channelText)
	if n, ok := f.choice("type", channelText, channelVoice, channelCategory, channelAnnouncement, channelStage, channelForum); ok {
		kind = n
	}
	ch := newChannel(g, 0, int(kind), "")
	ch.Position = ptr(len(g.sortedChannels(false)))
	if !f.sent("name") {
		f.required("name")
	}
	if err := s.changeChannel(ch, f, 0); err != nil {
		return nil, err
	}
	if len(g.sortedChannels(false)) >= maxChannels {
		return nil, errMaxChannels
	}
	ch.ID = snowflake.ChannelID(s.ids.next())
	s.addChannel(ch)
	s.dispatch(g, "CHANNEL_CREATE", ch)
	c.status = 201
	return ch, nil
}

// channelName is the name as the type of channel wants it.
func channelName(kind int, name string) string {
	if kind == channelText || kind == channelAnnouncement || kind == channelForum {
		return strings.Join(strings.Fields(strings.ToLower(name)), "-")
	}
	return name
}

// changeChannel writes a request onto a channel, all of it or nothing. The
// permissions of the bot are needed in the channel old, or the guild when old is 0.
func (s *Sim) changeChannel(ch *channel, f form, old snowflake.ChannelID) error {
	after, p := *ch, *ch.place
	after.place = &p
	if name, ok := f.textBetween("name", 1, 100); ok {
		after.Name = channelName(ch.Type, name)
	}
	if n, ok := f.number("position", 0, 1<<31); ok {
		p.Position = ptr(int(n))
	}
	topic := 1024
	if ch.Type == channelForum {
		topic = 4096
	}
	setText(f, "topic", topic, &p.Topic)
	setText(f, "rtc_region", 100, &p.RTCRegion)
	if v, ok := f.flag("nsfw"); ok {
		p.NSFW = v
	}
	if n, ok := f.number("rate_limit_per_user", 0, 21600); ok {
		after.RateLimitPerUser = int(n)
	}
	if n, ok := f.choice("default_auto_archive_duration", archiveAfter...); ok {
		p.DefaultAutoArchiveDuration = ptr(int(n))
	}
	if n, ok := f.number("flags", 0, 1<<31); ok {
		after.Flags = int(n)
	}
	p.readVoice(f, ch.Type)
	if ch.Type == channelForum {
		if tags, ok := f.list("available_tags", 20); ok {
			p.AvailableTags = &tags
		}
		if e, ok := f.sub("default_reaction_emoji"); ok {
			p.DefaultReactionEmoji = e.fields
		}
	}
	if old != 0 {
		if n, ok := f.choice("type", int64(ch.Type), channelText, channelAnnouncement); ok && n != int64(ch.Type) {
			if ch.Type != channelText && ch.Type != channelAnnouncement {
				f.complain("type", "CHANNEL_TYPE_INVALID", "The channel cannot be changed to this type.")
			}
			after.Type = int(n)
		}
	}
	readParent(f, &after)
	list, changes := s.readOverwrites(f, ch)
	if err := f.err(); err != nil {
		return err
	}
	if changes {
		if err := s.mayOverwrite(ch, old, list); err != nil {
			return err
		}
		p.PermissionOverwrites = list
	}
	*ch.place = p
	after.place = ch.place
	*ch = after
	return nil
}

func setText(f form, key string, most int, into **string) {
	if !f.has(key) {
		return
	}
	*into = nil
	if text, ok := f.textBetween(key, 0, most); ok {
		*into = &text
	}
}

func (p *place) readVoice(f form, kind int) {
	if kind != channelVoice && kind != channelStage {
		return
	}
	if n, ok := f.number("bitrate", 8000, 384000); ok {
		p.Bitrate = ptr(int(n))
	}
	if n, ok := f.number("user_limit", 0, 10000); ok {
		p.UserLimit = ptr(int(n))
	}
}

func readParent(f form, ch *channel) {
	if !f.has("parent_id") {
		return
	}
	ch.ParentID = nil
	id, ok := f.id("parent_id")
	if !ok {
		return
	}
	parent := ch.guild.channels[snowflake.ChannelID(id)]
	if parent == nil || parent.Type != channelCategory || ch.Type == channelCategory {
		f.complain("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
		return
	}
	ch.ParentID = &parent.ID
}

func (s *Sim) editChannel(c *call) (any, error) {
	ch, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if ch.isThread() {
		return s.editThread(ch, f)
	}
	if err := s.botNeedsIn(ch, permManageChannels); err != nil {
		return nil, err
	}
	if err := s.changeChannel(ch, f, ch.ID); err != nil {
		return nil, err
	}
	s.dispatch(ch.guild, "CHANNEL_UPDATE", ch)
	return ch, nil
}

// editThread changes a thread: its owner may rename and archive it, the rest
// needs the permission to manage threads.
func (s *Sim) editThread(t *channel, f form) (any, error) {
	manages := s.botNeedsIn(t, permManageThreads) == nil
	if !manages && (t.OwnerID != s.bot.ID || f.sent("locked") || f.sent("rate_limit_per_user")) {
		return nil, errMissingPermissions
	}
	after, part := *t, *t.threadPart
	after.threadPart = &part
	if name, ok := f.textBetween("name", 1, 100); ok {
		after.Name = name
	}
	if v, ok := f.flag("archived"); ok && v != part.Metadata.Archived {
		part.Metadata.Archived, part.Metadata.ArchiveTimestamp = v, timestamp(s.now())
	}
	if v, ok := f.flag("locked"); ok {
		part.Metadata.Locked = v
	}
	if v, ok := f.flag("invitable"); ok && t.Type == channelPrivateThread {
		part.Metadata.Invitable = &v
	}
	if n, ok := f.choice("auto_archive_duration", archiveAfter...); ok {
		part.Metadata.AutoArchiveDuration = int(n)
	}
	if n, ok := f.number("rate_limit_per_user", 0, 21600); ok {
		after.RateLimitPerUser = int(n)
	}
	if n, ok := f.number("flags", 0, 1<<31); ok {
		after.Flags = int(n)
	}
	if tags, ok := f.list("applied_tags", 5); ok {
		part.AppliedTags = tags
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	stays := t.Metadata.Archived && part.Metadata.Archived
	if stays {
		return nil, errArchivedThread
	}
	*t.threadPart = part
	after.threadPart = t.threadPart
	*t = after
	s.dispatchIn(t, "THREAD_UPDATE", t)
	return t, nil
}

func (s *Sim) deleteChannel(c *call) (any, error) {
	ch, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	need, name := permManageChannels, "CHANNEL_DELETE"
	if ch.isThread() {
		need, name = permManageThreads, "THREAD_DELETE"
	}
	if err := s.botNeedsIn(ch, need); err != nil {
		return nil, err
	}
	var gone any = ch
	if ch.isThread() {
		gone = map[string]any{"id": ch.ID, "guild_id": ch.GuildID, "parent_id": ch.ParentID, "type": ch.Type}
	}
	s.dispatch(ch.guild, name, gone)
	s.dropChannel(ch)
	return ch, nil
}

// dropChannel takes a channel out of the world with what hangs on it.
func (s *Sim) dropChannel(ch *channel) {
	s.removeChannel(ch)
	for _, child := range ch.guild.channels {
		if !child.isThread() && child.ParentID != nil && *child.ParentID == ch.ID {
			child.ParentID = nil
			s.dispatch(child.guild, "CHANNEL_UPDATE", child)
		}
	}
	for id, w := range s.webhooks {
		if w.channel == ch {
			delete(s.webhooks, id)
		}
	}
	for code, inv := range ch.guild.invites {
		if inv.channel == ch {
			delete(ch.guild.invites, code)
		}
	}
}

// moveChannels changes positions and parents of many channels.
func (s *Sim) moveChannels(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageChannels); err != nil {
		return nil, err
	}
	list, f, err := c.forms(maxChannels)
	if err != nil {
		return nil, err
	}
	var moved []*channel
	var after []channel
	for _, e := range list {
		id, ok := e.id("id")
		ch := g.channels[snowflake.ChannelID(id)]
		if !ok || ch == nil || ch.isThread() {
			e.complain("id", "CHANNEL_UNKNOWN", "Unknown channel")
			continue
		}
		next := *ch
		p := *ch.place
		next.place = &p
		if n, ok := e.number("position", 0, 1<<31); ok {
			p.Position = ptr(int(n))
		}
		readParent(e, &next)
		moved, after = append(moved, ch), append(after, next)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	for i, ch := range moved {
		ch.Position, ch.ParentID = after[i].Position, after[i].ParentID
		s.dispatch(g, "CHANNEL_UPDATE", ch)
	}
	return nil, nil
}

// overwriteIndex finds the overwrite of a role or member.
func (p *place) overwriteIndex(id uint64) int {
	return slices.IndexFunc(p.PermissionOverwrites, func(o overwrite) bool { return uint64(o.ID) == id })
}
