package discordsim

import (
	"net/http"
	"strings"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func (s *Sim) webhookRoutes() []route {
	const one = "/webhooks/{webhook}"
	const held = one + "/{token}"
	const message = held + "/messages/{message}"
	return []route{
		{method: "POST", pattern: "/channels/{channel}/webhooks", handle: s.createWebhook},
		{method: "POST", pattern: "/channels/{channel}/followers", handle: s.followChannel},
		{method: "GET", pattern: "/channels/{channel}/webhooks", handle: s.listChannelWebhooks},
		{method: "GET", pattern: "/guilds/{guild}/webhooks", handle: s.listGuildWebhooks},
		{method: "GET", pattern: one, handle: s.getWebhook},
		{method: "PATCH", pattern: one, handle: s.editWebhook},
		{method: "DELETE", pattern: one, handle: s.deleteWebhook},
		{method: "GET", pattern: held, handle: s.getWebhook, open: true, free: true},
		{method: "PATCH", pattern: held, handle: s.editWebhook, open: true, free: true},
		{method: "DELETE", pattern: held, handle: s.deleteWebhook, open: true, free: true},
		{method: "POST", pattern: held, handle: s.executeWebhook, open: true, free: true, bucket: webhookBucket},
		{method: "GET", pattern: message, handle: s.getWebhookMessage, open: true, free: true, bucket: webhookBucket},
		{method: "PATCH", pattern: message, handle: s.editWebhookMessage, open: true, free: true, bucket: webhookBucket},
		{method: "DELETE", pattern: message, handle: s.deleteWebhookMessage, open: true, free: true, bucket: webhookBucket},
	}
}

// pathWebhook finds the webhook by its token, or by the bot's right to manage it.
func (c *call) pathWebhook() (*webhook, error) {
	id, err := pathID[snowflake.WebhookID](c, "webhook")
	if err != nil {
		return nil, err
	}
	w := c.sim.webhooks[id]
	if w == nil {
		return nil, errUnknownWebhook
	}
	c.guild = w.channel.guild
	if token := c.param("token"); token != "" {
		if token != w.Token {
			return nil, errWebhookToken
		}
		return w, nil
	}
	return w, c.sim.botNeedsIn(w.channel, permManageWebhooks)
}

// forInteraction reports whether the path stands for an interaction: then the
// application's id is in the webhook's place.
func (c *call) forInteraction() bool {
	return c.param("webhook") == c.sim.application.ID.String()
}

func readWebhookName(f form, need bool) (string, bool) {
	if !f.sent("name") && need {
		f.required("name")
		return "", false
	}
	name, ok := f.textBetween("name", 1, 80)
	name = strings.TrimSpace(name)
	lower := strings.ToLower(name)
	if ok && (strings.Contains(lower, "clyde") || strings.Contains(lower, "discord")) {
		f.complain("name", "USERNAME_INVALID_CONTAINS", "Username cannot contain \"discord\" or \"clyde\"")
	}
	return name, ok
}

func (s *Sim) createWebhook(c *call) (any, error) {
	ch, err := c.pathChannel(permManageWebhooks)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	name, _ := readWebhookName(f, true)
	avatar := imageHash(f, "avatar")
	if err := f.err(); err != nil {
		return nil, err
	}
	if ch.isThread() || ch.Type == channelCategory {
		return nil, errChannelType
	}
	if len(s.webhooksOf(ch.guild, ch)) >= maxWebhooks {
		return nil, errMaxWebhooks
	}
	w := &webhook{
		ID: snowflake.WebhookID(s.ids.next()), Type: 1, GuildID: ch.GuildID, ChannelID: ch.ID, Name: name, Avatar: avatar,
		ApplicationID: &s.application.ID, Token: randomHex(34), User: s.bot, channel: ch,
	}
	w.URL = *s.base.Load() + "/api/v10/webhooks/" + w.ID.String() + "/" + w.Token
	s.webhooks[w.ID] = w
	s.webhooksChanged(ch)
	return w, nil
}

// followChannel makes a webhook by which an announcement channel's published
// messages come into another one.
func (s *Sim) followChannel(c *call) (any, error) {
	from, err := c.pathChannel(0)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	id, ok := f.id("webhook_channel_id")
	if !ok && !f.sent("webhook_channel_id") {
		f.required("webhook_channel_id")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	to, err := s.channelByID(snowflake.ChannelID(id), permManageWebhooks)
	if err != nil {
		return nil, err
	}
	if from.Type != channelAnnouncement || to.Type != channelText && to.Type != channelAnnouncement {
		return nil, errChannelType
	}
	if len(s.webhooksOf(to.guild, to)) >= maxWebhooks {
		return nil, errMaxWebhooks
	}
	w := &webhook{
		ID: snowflake.WebhookID(s.ids.next()), Type: 2, GuildID: to.GuildID, ChannelID: to.ID, Name: from.guild.Name + " #" + from.Name,
		User: s.bot, channel: to, from: from,
		SourceGuild: map[string]any{"id": from.guild.ID, "name": from.guild.Name, "icon": from.guild.Icon}, SourceChannel: map[string]any{"id": from.ID, "name": from.Name},
	}
	s.webhooks[w.ID] = w
	s.webhooksChanged(to)
	return map[string]any{"channel_id": from.ID, "webhook_id": w.ID}, nil
}

func (s *Sim) listChannelWebhooks(c *call) (any, error) {
	ch, err := c.pathChannel(permManageWebhooks)
	if err != nil {
		return nil, err
	}
	return s.webhooksOf(ch.guild, ch), nil
}

func (s *Sim) listGuildWebhooks(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageWebhooks); err != nil {
		return nil, err
	}
	return s.webhooksOf(g, nil), nil
}

func (s *Sim) getWebhook(c *call) (any, error) {
	w, err := c.pathWebhook()
	if err != nil {
		return nil, err
	}
	return w.shown(c), nil
}

// shown is the webhook as the caller may see it.
func (w *webhook) shown(c *call) *webhook {
	if c.param("token") != "" {
		return w.withoutUser()
	}
	return w
}

func (s *Sim) editWebhook(c *call) (any, error) {
	w, err := c.pathWebhook()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	name, named := readWebhookName(f, false)
	var to *channel
	if id, ok := f.id("channel_id"); ok && c.param("token") == "" {
		to = w.channel.guild.channels[snowflake.ChannelID(id)]
		if to == nil {
			return nil, errUnknownChannel
		}
		if err := s.botNeedsIn(to, permManageWebhooks); err != nil {
			return nil, err
		}
	}
	avatar := imageHash(f, "avatar")
	if err := f.err(); err != nil {
		return nil, err
	}
	if named {
		w.Name = name
	}
	if f.has("avatar") {
		w.Avatar = avatar
	}
	if to != nil && to != w.channel {
		s.webhooksChanged(w.channel)
		w.channel, w.ChannelID = to, to.ID
	}
	s.webhooksChanged(w.channel)
	return w.shown(c), nil
}

func (s *Sim) deleteWebhook(c *call) (any, error) {
	w, err := c.pathWebhook()
	if err != nil {
		return nil, err
	}
	delete(s.webhooks, w.ID)
	s.webhooksChanged(w.channel)
	return nil, nil
}

// executeWebhook posts as the webhook, or follows up on an interaction.
func (s *Sim) executeWebhook(c *call) (any, error) {
	if c.forInteraction() {
		in, err := s.tokenInteraction(c)
		if err != nil {
			return nil, err
		}
		return s.follow(in, c)
	}
	w, err := c.pathWebhook()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	d := s.readDraft(f, c.files, draftRules{flags: settableFlags})
	d.reference = nil
	name, avatar := f.text("username", 80), f.text("avatar_url", 2048)
	title := f.text("thread_name", 100)
	if err := f.err(); err != nil {
		return nil, err
	}
	if d.empty() {
		return nil, errEmptyMessage
	}
	ch, err := s.webhookTarget(c, w, title)
	if err != nil {
		return nil, err
	}
	m := s.newMessage(ch, w.author(name, avatar))
	m.by, m.WebhookID = 0, &w.ID
	s.fillMessage(m, d)
	s.enliven(ch, m.by)
	s.post(m)
	if !c.queryFlag("wait") {
		c.status = http.StatusNoContent
		return nil, nil
	}
	return m, nil
}

// webhookTarget is the webhook's channel, or the thread that was asked for.
func (s *Sim) webhookTarget(c *call, w *webhook, title string) (*channel, error) {
	id, err := queryID[snowflake.ChannelID](c, "thread_id")
	if err != nil {
		return nil, err
	}
	forum := w.channel.Type == channelForum
	switch {
	case id != 0 && title != "":
		return nil, invalidForm("WEBHOOK_THREAD_BOTH", "Cannot send both thread_id and thread_name", "thread_name")
	case id != 0:
		t := w.channel.guild.channels[id]
		if t == nil || !t.isThread() || *t.ParentID != w.ChannelID {
			return nil, errUnknownChannel
		}
		return t, nil
	case forum && title == "":
		return nil, errForumThread
	case title != "" && !forum:
		return nil, errNotForum
	case forum:
		t := s.newThread(w.channel, channelPublicThread, title, snowflake.UserID(w.ID), 0)
		s.announceThread(t)
		return t, nil
	}
	return w.channel, nil
}

// webhookMessage finds the message of the path, of a webhook or an interaction.
func (c *call) webhookMessage() (*message, *interaction, error) {
	s := c.sim
	if c.forInteraction() {
		in, err := s.tokenInteraction(c)
		if err != nil {
			return nil, nil, err
		}
		m, err := s.answerMessageOf(in, c.param("message"))
		return m, in, err
	}
	w, err := c.pathWebhook()
	if err != nil {
		return nil, nil, err
	}
	id, err := pathID[snowflake.MessageID](c, "message")
	if err != nil {
		return nil, nil, err
	}
	thread, err := queryID[snowflake.ChannelID](c, "thread_id")
	if err != nil {
		return nil, nil, err
	}
	ch := w.channel
	if thread != 0 {
		if ch = ch.guild.channels[thread]; ch == nil {
			return nil, nil, errUnknownChannel
		}
	}
	m, err := ch.visible(id)
	if err != nil || m.WebhookID == nil || *m.WebhookID != w.ID {
		return nil, nil, errUnknownMessage
	}
	return m, nil, nil
}

func (s *Sim) getWebhookMessage(c *call) (any, error) {
	m, _, err := c.webhookMessage()
	return m, err
}

func (s *Sim) editWebhookMessage(c *call) (any, error) {
	m, in, err := c.webhookMessage()
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if in != nil {
		return s.editAnswer(in, m, f, c.files)
	}
	return s.edit(m, f, c.files)
}

func (s *Sim) deleteWebhookMessage(c *call) (any, error) {
	m, in, err := c.webhookMessage()
	if err != nil {
		return nil, err
	}
	s.removeMessage(m)
	if in != nil {
		in.touch()
	}
	return nil, nil
}
