package v8ops_test

import (
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// picture and noise are the beginnings of files, in base64.
var (
	picture = base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n\x00\x00"))
	noise   = base64.StdEncoding.EncodeToString([]byte("ID3\x03\x00\x00\x00\x00\x00"))
)

func (s *simulated) channelID(text string) snowflake.ChannelID {
	s.t.Helper()
	id, err := snowflake.ParseChannel(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *simulated) user(name string) string {
	return s.members[s.guilds[0]].Get(`#(username=="` + name + `").id`).String()
}

func TestSettingsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	s.equal("guild", s.must("op_edit_guild", m{"payload": m{"name": "Better", "systemChannelId": c, "icon": picture, "verificationLevel": 1}, "reason": "new"}).Get("system_channel_id").String(), c)
	s.equal("preview", s.must("op_fetch_guild_preview", m{}).Get("name").String(), "Better")
	if regions := s.must("op_fetch_voice_regions", m{}).Array(); len(regions) == 0 {
		t.Error("there are no regions")
	}
	s.equal("integration", s.must("op_fetch_integrations", m{}).Get("0.type").String(), "discord")
	s.equal("vanity", s.must("op_fetch_vanity_url", m{}).Get("code").Raw, "null")
	s.equal("no widget", s.must("op_fetch_widget_settings", m{}).Get("enabled").Raw, "false")
	if _, err := s.try("op_fetch_widget", m{}); !fault.Is(err, fault.DiscordHTTP) {
		t.Errorf("a widget that is off: %v", err)
	}
	s.equal("widget", s.must("op_edit_widget_settings", m{"payload": m{"enabled": true, "channelId": c}}).Get("channel_id").String(), c)
	s.equal("widget's name", s.must("op_fetch_widget", m{}).Get("name").String(), "Better")
	welcome := m{"enabled": true, "description": "Hi", "welcomeChannels": []m{{"channelId": c, "description": "Talk", "emojiName": "👋"}}}
	s.must("op_edit_welcome_screen", m{"payload": welcome})
	s.equal("welcome", s.must("op_fetch_welcome_screen", m{}).Get("welcome_channels.0.channel_id").String(), c)
	s.must("op_edit_onboarding", m{"payload": m{
		"enabled": true, "mode": 1, "defaultChannelIds": []string{c},
		"prompts": []m{{"id": "1", "title": "Who?", "type": 0, "singleSelect": true, "options": []m{{"title": "Me", "channelIds": []string{c}, "roleIds": []string{}}}}},
	}})
	s.equal("onboarding", s.must("op_fetch_onboarding", m{}).Get("prompts.0.options.0.title").String(), "Me")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if at := s.must("op_edit_incident_actions", m{"payload": m{"invitesDisabledUntil": until}}).Get("invites_disabled_until").String(); at == "" {
		t.Error("invites go on")
	}
	code := s.must("op_create_template", m{"payload": m{"name": "Copy"}}).Get("code").String()
	s.must("op_edit_guild", m{"payload": m{"name": "Best"}})
	s.equal("dirty", s.must("op_fetch_templates", m{}).Get("0.is_dirty").Raw, "true")
	s.equal("synced", s.must("op_sync_template", m{"code": code}).Get("serialized_source_guild.name").String(), "Best")
	s.equal("renamed", s.must("op_edit_template", m{"code": code, "payload": m{"description": "d"}}).Get("description").String(), "d")
	s.must("op_delete_template", m{"code": code})
	log := s.must("op_fetch_audit_log", m{"actionType": 1, "limit": 10})
	s.equal("audit log", log.Get("audit_log_entries.#").String(), "2")
	s.equal("reason", log.Get("audit_log_entries.1.reason").String(), "new")
	s.equal("author", log.Get("users.0.id").String(), log.Get("audit_log_entries.0.user_id").String())
}

func TestMembersEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	alice, bob := s.user("alice"), s.user("bob")
	s.equal("found", s.must("op_search_members", m{"query": "ali", "limit": 5}).Get("0.user.id").String(), alice)
	s.equal("user", s.must("op_fetch_user", m{"userId": alice}).Get("username").String(), "alice")
	role := s.must("op_create_role", m{"payload": m{"name": "Helper", "permissions": "1024", "colors": m{"primaryColor": 255}}, "reason": "help"})
	id := role.Get("id").String()
	s.equal("permissions", role.Get("permissions").String(), "1024")
	s.equal("color", role.Get("color").String(), "255")
	s.equal("renamed", s.must("op_edit_role", m{"roleId": id, "payload": m{"name": "Helpers", "hoist": true}}).Get("name").String(), "Helpers")
	s.equal("fetched", s.must("op_fetch_role", m{"roleId": id}).Get("hoist").Raw, "true")
	s.must("op_edit_role_positions", m{"positions": []m{{"id": id, "position": 1}}})
	s.must("op_add_member_role", m{"userId": alice, "roleId": id})
	s.equal("counted", s.must("op_fetch_role_member_counts", m{}).Get(id).String(), "1")
	s.equal("prunable", s.must("op_fetch_prune_count", m{"days": 1, "includeRoles": []string{id}}).Get("pruned").Raw,
		s.must("op_prune_members", m{"days": 1, "includeRoles": []string{id}}).Get("pruned").Raw)
	s.must("op_delete_role", m{"roleId": id})
	s.must("op_ban_member", m{"userId": bob, "reason": "spam"})
	s.equal("ban", s.must("op_fetch_ban", m{"userId": bob}).Get("reason").String(), "spam")
	s.equal("banned", s.must("op_bulk_ban_members", m{"userIds": []string{alice, s.user("carol")}, "deleteMessageSeconds": 60}).Get("banned_users.#").String(), "2")
	s.equal("bans", s.must("op_fetch_bans", m{"limit": 10}).Get("#").String(), "3")
}

func TestChannelsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	news := s.must("op_create_channel", m{"payload": m{"name": "news", "type": 5}}).Get("id").String()
	copyTo := s.channel[s.guilds[0]]
	s.must("op_edit_channel_positions", m{"positions": []m{{"id": news, "position": 0, "parentId": nil}}})
	everyone := s.guilds[0].String()
	s.must("op_edit_channel_permissions", m{"channelId": news, "overwriteId": everyone, "type": 0, "deny": 2048, "allow": "1024"})
	s.equal("denied", s.must("op_fetch_channel", m{"channelId": news}).Get("permission_overwrites.0.deny").String(), "2048")
	s.must("op_delete_channel_permissions", m{"channelId": news, "overwriteId": everyone})
	hook := s.must("op_follow_channel", m{"channelId": news, "webhookChannelId": copyTo}).Get("webhook_id").String()
	sent := s.must("op_send_message", m{"channelId": news, "content": "published"}).Get("id").String()
	s.must("op_crosspost_message", m{"channelId": news, "messageId": sent})
	s.equal("delivered", s.must("op_fetch_messages", m{"channelId": copyTo, "limit": 1}).Get("0.webhook_id").String(), hook)
	s.must("op_trigger_typing", m{"channelId": copyTo})

	invite := s.must("op_create_invite", m{"channelId": copyTo, "payload": m{"maxAge": 0, "maxUses": 3}, "reason": "friends"}).Get("code").String()
	s.equal("invite", s.must("op_fetch_invite", m{"code": invite, "withCounts": true}).Get("channel.id").String(), copyTo)
	s.equal("invites", s.must("op_fetch_invites", m{}).Get("0.code").String(), invite)
	s.equal("of the channel", s.must("op_fetch_channel_invites", m{"channelId": copyTo}).Get("0.max_uses").String(), "3")
	s.must("op_delete_invite", m{"code": invite})

	thread := s.must("op_create_thread", m{"channelId": copyTo, "payload": m{"name": "t", "type": 11}}).Get("id").String()
	s.equal("active", s.must("op_fetch_active_threads", m{}).Get("threads.0.id").String(), thread)
	s.equal("members", s.must("op_fetch_thread_members", m{"threadId": thread, "withMember": true}).Get("#").String(), "1")
	s.must("op_fetch_thread_member", m{"threadId": thread, "userId": s.must("op_fetch_thread_members", m{"threadId": thread}).Get("0.user_id").String()})
	s.must("op_edit_channel", m{"channelId": thread, "payload": m{"archived": true}})
	s.equal("archived", s.must("op_fetch_public_archived_threads", m{"channelId": copyTo, "limit": 5}).Get("threads.0.id").String(), thread)
	s.equal("private ones", s.must("op_fetch_private_archived_threads", m{"channelId": copyTo}).Get("threads.#").String(), "0")
	s.equal("own ones", s.must("op_fetch_joined_archived_threads", m{"channelId": copyTo}).Get("threads.#").String(), "0")
}

func TestPollsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	sent := s.must("op_send_message", m{"channelId": c, "poll": m{
		"question": m{"text": "Tea?"}, "answers": []m{{"pollMedia": m{"text": "yes"}}, {"pollMedia": m{"text": "no"}}}, "duration": 1, "allowMultiselect": false,
	}})
	id := sent.Get("id").String()
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Vote(s.guilds[0], s.channelID(c), snowflake.MessageID(n), "bob", 2); err != nil {
		t.Fatal(err)
	}
	at := m{"channelId": c, "messageId": id, "answerId": 2}
	s.equal("voters", s.must("op_fetch_poll_voters", at).Get("users.0.username").String(), "bob")
	over := s.must("op_end_poll", m{"channelId": c, "messageId": id})
	s.equal("results", over.Get("poll.results.answer_counts.0.count").String(), "1")
	s.must("op_add_reaction", m{"channelId": c, "messageId": id, "emoji": "👍"})
	s.equal("reactions", s.must("op_fetch_reactions", m{"channelId": c, "messageId": id, "emoji": "👍"}).Get("#").String(), "1")
	s.must("op_pin_message", m{"channelId": c, "messageId": id})
	s.equal("pins", s.must("op_fetch_pins", m{"channelId": c, "limit": 5}).Get("items.0.message.id").String(), id)
}

func TestWebhookMessagesEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	c := s.channel[s.guilds[0]]
	made := s.must("op_create_webhook", m{"channelId": c, "payload": m{"name": "hook", "avatar": picture}, "reason": "r"})
	id, token := made.Get("id").String(), made.Get("token").String()
	s.equal("fetched", s.must("op_fetch_webhook", m{"webhookId": id}).Get("name").String(), "hook")
	s.equal("all", s.must("op_fetch_webhooks", m{}).Get("#").String(), "1")
	s.equal("of the channel", s.must("op_fetch_channel_webhooks", m{"channelId": c}).Get("0.id").String(), id)
	message := s.must("op_execute_webhook", m{"webhookId": id, "token": token, "wait": true, "content": "a"}).Get("id").String()
	at := m{"webhookId": id, "token": token, "messageId": message}
	s.equal("edited", s.must("op_edit_webhook_message", m{"webhookId": id, "token": token, "messageId": message, "content": "b"}).Get("content").String(), "b")
	s.equal("read", s.must("op_fetch_webhook_message", at).Get("content").String(), "b")
	s.must("op_delete_webhook_message", at)
}

func TestExpressionsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	emoji := s.must("op_create_emoji", m{"payload": m{"name": "blob", "image": picture, "roles": []string{}}}).Get("id").String()
	s.equal("emoji", s.must("op_edit_emoji", m{"emojiId": emoji, "payload": m{"name": "blobs"}}).Get("name").String(), "blobs")
	s.equal("fetched", s.must("op_fetch_emoji", m{"emojiId": emoji}).Get("name").String(), "blobs")
	s.equal("listed", s.must("op_fetch_emojis", m{}).Get("#").String(), "1")
	s.must("op_delete_emoji", m{"emojiId": emoji, "reason": "old"})
	sticker := s.must("op_create_sticker", m{"name": "cat", "tags": "cat", "file": m{"data": picture, "filename": "cat.png"}}).Get("id").String()
	s.equal("sticker", s.must("op_edit_sticker", m{"stickerId": sticker, "payload": m{"name": "cats"}}).Get("name").String(), "cats")
	s.equal("fetched", s.must("op_fetch_sticker", m{"stickerId": sticker}).Get("format_type").String(), "1")
	s.equal("listed", s.must("op_fetch_stickers", m{}).Get("#").String(), "1")
	s.must("op_delete_sticker", m{"stickerId": sticker})
	sound := s.must("op_create_sound", m{"payload": m{"name": "horn", "sound": noise, "volume": 0.5}}).Get("sound_id").String()
	s.equal("sound", s.must("op_edit_sound", m{"soundId": sound, "payload": m{"volume": 0.25}}).Get("volume").Raw, "0.25")
	s.equal("fetched", s.must("op_fetch_sound", m{"soundId": sound}).Get("name").String(), "horn")
	s.equal("listed", s.must("op_fetch_sounds", m{}).Get("items.#").String(), "1")
	voice := s.must("op_create_channel", m{"payload": m{"name": "v", "type": 2}}).Get("id").String()
	if _, err := s.try("op_play_sound", m{"channelId": voice, "soundId": sound, "sourceGuildId": s.guilds[0].String()}); !fault.Is(err, fault.DiscordHTTP) {
		t.Errorf("a sound where the bot is not: %v", err)
	}
	if err := s.sim.Connect(s.guilds[0], "flora", s.channelID(voice)); err != nil {
		t.Fatal(err)
	}
	s.must("op_play_sound", m{"channelId": voice, "soundId": sound, "sourceGuildId": s.guilds[0].String()})
	s.must("op_play_sound", m{"channelId": voice, "soundId": s.must("op_fetch_default_sounds", m{}).Get("0.sound_id").String()})
	s.must("op_delete_sound", m{"soundId": sound})
	s.must("op_set_voice_status", m{"channelId": voice, "status": "singing"})
}

func TestEventsEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	begin, end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339), time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339)
	made := s.must("op_create_scheduled_event", m{"payload": m{
		"name": "Fair", "entityType": 3, "privacyLevel": 2, "scheduledStartTime": begin, "scheduledEndTime": end, "entityMetadata": m{"location": "town"},
	}, "reason": "r"})
	id := made.Get("id").String()
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sim.Attend(s.guilds[0], n, "bob"); err != nil {
		t.Fatal(err)
	}
	s.equal("interested", s.must("op_fetch_scheduled_event", m{"eventId": id, "withUserCount": true}).Get("user_count").String(), "1")
	s.equal("who", s.must("op_fetch_scheduled_event_users", m{"eventId": id, "withMember": true, "limit": 5}).Get("0.user.username").String(), "bob")
	s.equal("status", s.must("op_edit_scheduled_event", m{"eventId": id, "payload": m{"status": 2}}).Get("status").String(), "2")
	s.equal("listed", s.must("op_fetch_scheduled_events", m{}).Get("0.entity_metadata.location").String(), "town")
	s.must("op_delete_scheduled_event", m{"eventId": id})

	c := s.channel[s.guilds[0]]
	rule := s.must("op_create_auto_moderation_rule", m{"payload": m{
		"name": "No spam", "eventType": 1, "triggerType": 1, "triggerMetadata": m{"keywordFilter": []string{"spam"}}, "enabled": true,
		"actions": []m{{"type": 1}, {"type": 2, "metadata": m{"channelId": c}}}, "exemptChannels": []string{c},
	}}).Get("id").String()
	s.equal("keyword", s.must("op_fetch_auto_moderation_rule", m{"ruleId": rule}).Get("trigger_metadata.keyword_filter.0").String(), "spam")
	s.equal("off", s.must("op_edit_auto_moderation_rule", m{"ruleId": rule, "payload": m{"enabled": false}}).Get("enabled").Raw, "false")
	s.equal("rules", s.must("op_fetch_auto_moderation_rules", m{}).Get("#").String(), "1")
	s.must("op_delete_auto_moderation_rule", m{"ruleId": rule, "reason": "r"})
}

func TestVoiceEndToEnd(t *testing.T) {
	t.Parallel()
	s := simulate(t)
	stage := s.must("op_create_channel", m{"payload": m{"name": "s", "type": 13}}).Get("id").String()
	voice := s.must("op_create_channel", m{"payload": m{"name": "v", "type": 2}}).Get("id").String()
	s.equal("topic", s.must("op_create_stage", m{"channelId": stage, "topic": "Talk", "privacyLevel": 2, "reason": "r"}).Get("topic").String(), "Talk")
	s.equal("edited", s.must("op_edit_stage", m{"channelId": stage, "payload": m{"topic": "More"}}).Get("topic").String(), "More")
	s.equal("fetched", s.must("op_fetch_stage", m{"channelId": stage}).Get("topic").String(), "More")
	if _, err := s.try("op_fetch_voice_state", m{}); !fault.Is(err, fault.DiscordHTTP) {
		t.Errorf("a voice state of nobody: %v", err)
	}
	for _, who := range []string{"flora", "bob"} {
		if err := s.sim.Connect(s.guilds[0], who, s.channelID(stage)); err != nil {
			t.Fatal(err)
		}
	}
	bob := s.user("bob")
	s.equal("own", s.must("op_fetch_voice_state", m{}).Get("channel_id").String(), stage)
	s.equal("suppressed", s.must("op_fetch_voice_state", m{"userId": bob}).Get("suppress").Raw, "true")
	s.must("op_edit_voice_state", m{"userId": bob, "payload": m{"suppress": false, "channelId": stage}})
	s.equal("speaks", s.must("op_fetch_voice_state", m{"userId": bob}).Get("suppress").Raw, "false")
	s.must("op_edit_current_voice_state", m{"payload": m{"suppress": false, "channelId": stage}})
	s.must("op_edit_member", m{"userId": bob, "payload": m{"channelId": voice, "mute": true}})
	s.equal("moved", s.must("op_fetch_voice_state", m{"userId": bob}).Get("channel_id").String(), voice)
	s.must("op_delete_stage", m{"channelId": stage})
}
