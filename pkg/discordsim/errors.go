package discordsim

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is one of Discord's error answers.
type apiError struct {
	Status  int        `json:"-"`
	Message string     `json:"message"`
	Code    int        `json:"code"`
	Errors  *errorNode `json:"errors,omitempty"`
}

// Error is the message with Discord's code.
func (e *apiError) Error() string { return fmt.Sprintf("%d %s (%d)", e.Status, e.Message, e.Code) }

func refuse(status, code int, message string) *apiError {
	return &apiError{Status: status, Code: code, Message: message}
}

// Discord's errors, with the texts that bots match on.
var (
	errUnauthorized     = refuse(http.StatusUnauthorized, 0, "401: Unauthorized")
	errRouteNotFound    = refuse(http.StatusNotFound, 0, "404: Not Found")
	errMethodNotAllowed = refuse(http.StatusMethodNotAllowed, 0, "405: Method Not Allowed")
	errTooLarge         = refuse(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
	errBadJSON          = refuse(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
	errContentType      = refuse(http.StatusBadRequest, 50035, "Invalid Form Body")

	errUnknownChannel     = refuse(http.StatusNotFound, 10003, "Unknown Channel")
	errUnknownGuild       = refuse(http.StatusNotFound, 10004, "Unknown Guild")
	errUnknownInvite      = refuse(http.StatusNotFound, 10006, "Unknown Invite")
	errUnknownMember      = refuse(http.StatusNotFound, 10007, "Unknown Member")
	errUnknownMessage     = refuse(http.StatusNotFound, 10008, "Unknown Message")
	errUnknownOverwrite   = refuse(http.StatusNotFound, 10009, "Unknown permission overwrite")
	errUnknownRole        = refuse(http.StatusNotFound, 10011, "Unknown Role")
	errUnknownUser        = refuse(http.StatusNotFound, 10013, "Unknown User")
	errUnknownEmoji       = refuse(http.StatusBadRequest, 10014, "Unknown Emoji")
	errUnknownGuildEmoji  = refuse(http.StatusNotFound, 10014, "Unknown Emoji")
	errUnknownWebhook     = refuse(http.StatusNotFound, 10015, "Unknown Webhook")
	errUnknownApplication = refuse(http.StatusNotFound, 10002, "Unknown Application")
	errUnknownBan         = refuse(http.StatusNotFound, 10026, "Unknown Ban")
	errUnknownInteraction = refuse(http.StatusNotFound, 10062, "Unknown interaction")
	errUnknownCommand     = refuse(http.StatusNotFound, 10063, "Unknown application command")
	errUnknownPermissions = refuse(http.StatusNotFound, 10066, "Unknown application command permissions")

	errNotForBots         = refuse(http.StatusForbidden, 20001, "Bots cannot use this endpoint")
	errMaxPins            = refuse(http.StatusBadRequest, 30003, "Maximum number of pins reached for the channel (250)")
	errMaxRoles           = refuse(http.StatusBadRequest, 30005, "Maximum number of server roles reached (250)")
	errMaxWebhooks        = refuse(http.StatusBadRequest, 30007, "Maximum number of webhooks reached (15)")
	errMaxReactions       = refuse(http.StatusBadRequest, 30010, "Maximum number of reactions reached (20)")
	errMaxChannels        = refuse(http.StatusBadRequest, 30013, "Maximum number of guild channels reached (500)")
	errMaxCommands        = refuse(http.StatusBadRequest, 30032, "Maximum number of application commands reached (100)")
	errMaxOtherCommands   = refuse(http.StatusBadRequest, 30032, "Maximum number of application commands reached (15)")
	errUserBanned         = refuse(http.StatusForbidden, 40007, "The user is banned from this guild")
	errCrossposted        = refuse(http.StatusBadRequest, 40033, "This message has already been crossposted.")
	errAcknowledged       = refuse(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	errMissingAccess      = refuse(http.StatusForbidden, 50001, "Missing Access")
	errNotAuthor          = refuse(http.StatusForbidden, 50005, "Cannot edit a message authored by another user")
	errEmptyMessage       = refuse(http.StatusBadRequest, 50006, "Cannot send an empty message")
	errVoiceText          = refuse(http.StatusBadRequest, 50008, "Cannot send messages in a non-text channel")
	errMissingPermissions = refuse(http.StatusForbidden, 50013, "Missing Permissions")
	errBulkCount          = refuse(http.StatusBadRequest, 50016, "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.")
	errSystemMessage      = refuse(http.StatusForbidden, 50021, "Cannot execute action on a system message")
	errChannelType        = refuse(http.StatusBadRequest, 50024, "Cannot execute action on this channel type")
	errWebhookToken       = refuse(http.StatusUnauthorized, 50027, "Invalid Webhook Token")
	errInvalidRole        = refuse(http.StatusBadRequest, 50028, "Invalid Role")
	errBulkAge            = refuse(http.StatusBadRequest, 50034, "A message provided to bulk delete was older than two weeks")
	errArchivedThread     = refuse(http.StatusBadRequest, 50083, "Thread is archived")
	errThreadExists       = refuse(http.StatusBadRequest, 160004, "A thread has already been created for this message")
	errForumThread        = refuse(http.StatusBadRequest, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
	errNotForum           = refuse(http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels")
	errNotInVoice         = refuse(http.StatusBadRequest, 40032, "Target user is not connected to voice.")
	errMaxInvites         = refuse(http.StatusBadRequest, 30016, "Maximum number of invites reached (1000)")
	errMaxEmojis          = refuse(http.StatusBadRequest, 30008, "Maximum number of emojis reached (50)")
	errBulkBan            = refuse(http.StatusBadRequest, 500000, "Failed to ban users")
	errThreadLocked       = refuse(http.StatusForbidden, 160005, "Thread is locked")

	errUnknownSticker  = refuse(http.StatusNotFound, 10060, "Unknown Sticker")
	errUnknownSound    = refuse(http.StatusNotFound, 10097, "Unknown sound")
	errUnknownEvent    = refuse(http.StatusNotFound, 10070, "Unknown Guild Scheduled Event")
	errUnknownRule     = refuse(http.StatusNotFound, 10066, "Unknown Auto Moderation Rule")
	errUnknownStage    = refuse(http.StatusNotFound, 10067, "Unknown Stage Instance")
	errUnknownVoice    = refuse(http.StatusNotFound, 10065, "Unknown Voice State")
	errUnknownTemplate = refuse(http.StatusNotFound, 10057, "Unknown guild template")
	errUnknownWelcome  = refuse(http.StatusNotFound, 10069, "Unknown Guild Welcome Screen")
	errUnknownAnswer   = refuse(http.StatusNotFound, 10102, "Unknown Poll Answer")
	errNoPoll          = refuse(http.StatusBadRequest, 520006, "Cannot expire a non-poll message")
	errPollOver        = refuse(http.StatusBadRequest, 520001, "Poll expired")
	errHasTemplate     = refuse(http.StatusBadRequest, 30031, "Guild already has a template")
	errMaxStickers     = refuse(http.StatusBadRequest, 30039, "Maximum number of stickers reached (5)")
	errMaxSounds       = refuse(http.StatusBadRequest, 30045, "Maximum number of soundboard sounds reached (8)")
	errMaxEvents       = refuse(http.StatusBadRequest, 30038, "Maximum number of uncompleted guild scheduled events reached (100)")
	errMaxRules        = refuse(http.StatusBadRequest, 30034, "Maximum number of auto moderation rules of this type reached")
	errStageOpen       = refuse(http.StatusBadRequest, 150006, "The Stage is already open")
	errWidgetOff       = refuse(http.StatusForbidden, 50004, "Guild widget disabled")
)

// invalidForm is a 50035 with one complaint at path.
func invalidForm(code, message string, path ...string) *apiError {
	root := &errorNode{}
	root.at(path).add(code, message)
	return root.refusal()
}

// notSnowflake is the complaint about a parameter that is no id.
func notSnowflake(param, value string) *apiError {
	return invalidForm("NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", clip(value)), param)
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

// errorNode is one level of the nested "errors" of a 50035.
type errorNode struct {
	complaints []complaint
	children   map[string]*errorNode
}

type complaint struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (n *errorNode) at(path []string) *errorNode {
	for _, key := range path {
		next := n.children[key]
		if next == nil {
			next = &errorNode{}
			if n.children == nil {
				n.children = map[string]*errorNode{}
			}
			n.children[key] = next
		}
		n = next
	}
	return n
}

func (n *errorNode) add(code, message string) {
	n.complaints = append(n.complaints, complaint{code, message})
}

func (n *errorNode) empty() bool { return len(n.complaints) == 0 && len(n.children) == 0 }

func (n *errorNode) refusal() *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: 50035, Message: "Invalid Form Body", Errors: n}
}

// MarshalJSON writes {"field": {"_errors": [...]}}, the shape of Discord.
func (n *errorNode) MarshalJSON() ([]byte, error) {
	m := make(map[string]any, len(n.children)+1)
	for k, c := range n.children {
		m[k] = c
	}
	if len(n.complaints) > 0 {
		m["_errors"] = n.complaints
	}
	return json.Marshal(m)
}
