package discordsim

import (
	"net/http"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) threadRoutes() []route {
	const members = "/channels/{channel}/thread-members"
	start := per(50, 5*time.Minute)
	return []route{
		{method: "POST", pattern: "/channels/{channel}/threads", handle: s.startThread, bucket: start},
		{method: "GET", pattern: members, handle: s.listThreadMembers},
		{method: "PUT", pattern: members + "/@me", handle: s.joinThread},
		{method: "DELETE", pattern: members + "/@me", handle: s.leaveThread},
		{method: "GET", pattern: members + "/{user}", handle: s.getThreadMember},
		{method: "PUT", pattern: members + "/{user}", handle: s.addThreadMember},
		{method: "DELETE", pattern: members + "/{user}", handle: s.removeThreadMember},
		{method: "GET", pattern: "/channels/{channel}/threads/archived/public", handle: s.listArchivedPublic},
		{method: "GET", pattern: "/channels/{channel}/threads/archived/private", handle: s.listArchivedPrivate},
		{method: "GET", pattern: "/channels/{channel}/users/@me/threads/archived/private", handle: s.listArchivedOwn},
		{method: "GET", pattern: "/guilds/{guild}/threads/active", handle: s.listActiveThreads},
	}
}

// threadForm reads what all ways to start a thread share.
func threadForm(f form, t *threadOptions) {
	t.name = f.needText("name", 1, 100)
	if n, ok := f.choice("auto_archive_duration", archiveAfter...); ok {
		t.archive = int(n)
	}
	if n, ok := f.number("rate_limit_per_user", 0, 21600); ok {
		t.slow = int(n)
	}
}

type threadOptions struct {
	name          string
	archive, slow int
}

func (o *threadOptions) apply(t *channel) {
	if o.archive != 0 {
		t.Metadata.AutoArchiveDuration = o.archive
	}
	t.RateLimitPerUser = o.slow
}

// startThread makes a thread without a message, or a post of a forum.
func (s *Sim) startThread(c *call) (any, error) {
	ch, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	var o threadOptions
	threadForm(f, &o)
	if ch.Type == channelForum {
		return s.startPost(c, ch, f, o)
	}
	kind := int64(channelPrivateThread)
	if n, ok := f.choice("type", channelNewsThread, channelPublicThread, channelPrivateThread); ok {
		kind = n
	}
	invitable, hasInvitable := f.flag("invitable")
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := s.mayStartThread(ch, int(kind)); err != nil {
		return nil, err
	}
	t := s.newThread(ch, int(kind), o.name, s.bot.ID, 0)
	o.apply(t)
	if hasInvitable && kind == channelPrivateThread {
		t.Metadata.Invitable = &invitable
	}
	s.announceThread(t)
	if kind != channelPrivateThread {
		notice := s.newMessage(ch, s.bot)
		notice.Type, notice.Content = messageThread, t.Name
		notice.Reference = &reference{ChannelID: t.ID, GuildID: t.GuildID}
		s.post(notice)
	}
	c.status = http.StatusCreated
	return t, nil
}

func (s *Sim) mayStartThread(ch *channel, kind int) error {
	need := permCreatePublicThread
	if kind == channelPrivateThread {
		need = permCreatePrivateThread
	}
	if err := s.botNeedsIn(ch, need); err != nil {
		return err
	}
	news := kind == channelNewsThread
	if ch.Type != channelText && ch.Type != channelAnnouncement || news != (ch.Type == channelAnnouncement) {
		return errChannelType
	}
	return nil
}

// startPost makes a thread in a forum with its first message.
func (s *Sim) startPost(c *call, ch *channel, f form, o threadOptions) (any, error) {
	inner, ok := f.sub("message")
	if !ok {
		f.required("message")
		return nil, f.err()
	}
	d := s.readDraft(inner, c.files, draftRules{flags: settableFlags})
	d.reference = nil
	tags, _ := f.list("applied_tags", 5)
	if err := f.err(); err != nil {
		return nil, err
	}
	if d.empty() {
		return nil, errEmptyMessage
	}
	if err := s.botNeedsIn(ch, permSendMessages); err != nil {
		return nil, err
	}
	t := s.newThread(ch, channelPublicThread, o.name, s.bot.ID, 0)
	o.apply(t)
	t.AppliedTags = tags
	s.announceThread(t)
	m := s.newMessage(t, s.bot)
	m.ID = snowflake.MessageID(t.ID)
	s.fillMessage(m, d)
	s.post(m)
	c.status = http.StatusCreated
	return struct {
		*channel
		Message *message `json:"message"`
	}{t, m}, nil
}

func (s *Sim) startThreadFromMessage(c *call) (any, error) {
	ch, m, err := c.pathMessage(permCreatePublicThread)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	var o threadOptions
	threadForm(f, &o)
	if err := f.err(); err != nil {
		return nil, err
	}
	if ch.Type != channelText && ch.Type != channelAnnouncement {
		return nil, errChannelType
	}
	if m.Flags&flagHasThread != 0 {
		return nil, errThreadExists
	}
	kind := channelPublicThread
	if ch.Type == channelAnnouncement {
		kind = channelNewsThread
	}
	t := s.newThread(ch, kind, o.name, s.bot.ID, snowflake.ChannelID(m.ID))
	o.apply(t)
	m.Flags |= flagHasThread
	m.Thread = t
	s.announceThread(t)
	s.tell("MESSAGE_UPDATE", m)
	start := s.newMessage(t, m.Author)
	start.Type = messageThreadStart
	start.Reference = &reference{MessageID: m.ID, ChannelID: ch.ID, GuildID: ch.GuildID}
	t.messages.add(start)
	c.status = http.StatusCreated
	return t, nil
}

// pathThread finds the thread of the path.
func (c *call) pathThread() (*channel, error) {
	t, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	if !t.isThread() {
		return nil, errChannelType
	}
	return t, nil
}

func (s *Sim) joinThread(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	return nil, s.putInThread(t, s.bot.ID)
}

func (s *Sim) putInThread(t *channel, id snowflake.UserID) error {
	if t.Metadata.Archived {
		return errArchivedThread
	}
	if t.threadMembers[id] == nil {
		s.threadMembersChanged(t, s.enterThread(t, id), 0)
	}
	return nil
}

func (s *Sim) leaveThread(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	return nil, s.takeFromThread(t, s.bot.ID)
}

func (s *Sim) takeFromThread(t *channel, id snowflake.UserID) error {
	if t.Metadata.Archived {
		return errArchivedThread
	}
	if t.threadMembers[id] == nil {
		return errUnknownMember
	}
	delete(t.threadMembers, id)
	t.MemberCount = len(t.threadMembers)
	s.threadMembersChanged(t, nil, id)
	return nil
}

func (s *Sim) addThreadMember(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	if err := s.botNeedsIn(t, permSendInThreads); err != nil {
		return nil, err
	}
	m, err := c.memberOf(t.guild)
	if err != nil {
		return nil, err
	}
	private := t.Type == channelPrivateThread && t.Metadata.Invitable != nil && !*t.Metadata.Invitable
	if private && t.OwnerID != s.bot.ID && s.botNeedsIn(t, permManageThreads) != nil {
		return nil, errMissingPermissions
	}
	return nil, s.putInThread(t, m.User.ID)
}

func (s *Sim) removeThreadMember(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	id, err := pathID[snowflake.UserID](c, "user")
	if err != nil {
		return nil, err
	}
	mine := t.Type == channelPrivateThread && t.OwnerID == s.bot.ID
	if id != s.bot.ID && !mine && s.botNeedsIn(t, permManageThreads) != nil {
		return nil, errMissingPermissions
	}
	return nil, s.takeFromThread(t, id)
}

func (s *Sim) getThreadMember(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	id := s.bot.ID
	if c.param("user") != "@me" {
		if id, err = pathID[snowflake.UserID](c, "user"); err != nil {
			return nil, err
		}
	}
	m := t.threadMembers[id]
	if m == nil {
		return nil, errUnknownMember
	}
	return s.threadMemberDocument(t, m, c.queryFlag("with_member")), nil
}

func (s *Sim) listThreadMembers(c *call) (any, error) {
	t, err := c.pathThread()
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(100, 100)
	if err != nil {
		return nil, err
	}
	after, err := queryID[snowflake.UserID](c, "after")
	if err != nil {
		return nil, err
	}
	list := make([]*threadMember, 0, len(t.threadMembers))
	for _, m := range t.threadMembers {
		list = append(list, m)
	}
	sortBy(list, func(m *threadMember) uint64 { return uint64(m.UserID) })
	whole := c.queryFlag("with_member")
	out := []any{}
	for _, m := range list {
		if !whole || m.UserID > after && len(out) < limit {
			out = append(out, s.threadMemberDocument(t, m, whole))
		}
	}
	return out, nil
}

func (s *Sim) listActiveThreads(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	list := g.threadsOf(nil, func(t *channel) bool { return !t.Metadata.Archived && s.botNeedsIn(t, 0) == nil })
	return s.threadList(list, len(list)), nil
}

// threadList is a list of threads with the bot's membership in them.
func (s *Sim) threadList(list []*channel, limit int) map[string]any {
	more := len(list) > limit
	list = list[:min(limit, len(list))]
	members := []*threadMember{}
	for _, t := range list {
		if m := t.threadMembers[s.bot.ID]; m != nil {
			members = append(members, m)
		}
	}
	return map[string]any{"threads": list, "members": members, "has_more": more}
}

func (s *Sim) listArchivedPublic(c *call) (any, error) {
	return s.listArchived(c, 0, func(t *channel) bool { return t.Type != channelPrivateThread })
}

func (s *Sim) listArchivedPrivate(c *call) (any, error) {
	return s.listArchived(c, permManageThreads, func(t *channel) bool { return t.Type == channelPrivateThread })
}

func (s *Sim) listArchivedOwn(c *call) (any, error) {
	return s.listArchived(c, 0, func(t *channel) bool {
		return t.Type == channelPrivateThread && t.threadMembers[s.bot.ID] != nil
	})
}

func (s *Sim) listArchived(c *call, need permission, accept func(*channel) bool) (any, error) {
	ch, err := c.pathChannel(permReadHistory | need)
	if err != nil {
		return nil, err
	}
	limit, err := c.queryLimit(50, 100)
	if err != nil {
		return nil, err
	}
	before := c.query.Get("before")
	list := ch.guild.threadsOf(ch, func(t *channel) bool {
		return t.Metadata.Archived && accept(t) && (before == "" || t.Metadata.ArchiveTimestamp < before)
	})
	return s.threadList(list, limit), nil
}
