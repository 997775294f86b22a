package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/client"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Verdicts of a check.
const (
	verdictOK   = "ok"
	verdictWarn = "warn"
	verdictFail = "fail"
)

var verdictColours = map[string]string{verdictOK: "32", verdictWarn: "33", verdictFail: "31"}

// check is what was found out about one thing.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, warn or fail
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
	code   ExitCode
}

// doctorDoc is what --json prints.
type doctorDoc struct {
	OK     bool    `json:"ok"`
	Checks []check `json:"checks"`
}

func (a *app) doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "doctor", Short: "Check that everything needed is there", Args: cobra.NoArgs,
		Long: `Checks the settings, the project file, the server, the token, the guild and the
tools of this machine, and says what to do. The exit code is that of the first
failure; warnings are none.`,
		Example: "  flora doctor",
		RunE:    a.run(func(ctx context.Context, _ []string) error { return a.doctor(ctx) }),
	}
	return a.withGuild(c)
}

func (a *app) doctor(ctx context.Context) error {
	checks := []check{a.checkSettings()}
	_, err := a.projectFile(ctx)
	if err != nil {
		checks = append(checks, failed("project", err, "repair the project file"))
		a.says = &projectSays{} // The others go on without it.
	} else {
		checks = append(checks, a.checkProject())
	}
	checks = append(checks, a.checkServer(ctx)...)
	checks = append(checks, a.checkTools()...)
	doc := doctorDoc{OK: true, Checks: checks}
	var worst *check
	for i := range checks {
		if checks[i].Status == verdictFail && worst == nil {
			doc.OK, worst = false, &checks[i]
		}
	}
	if err := a.printDoctor(doc); err != nil {
		return err
	}
	if worst != nil {
		return &failure{code: worst.code, message: "something is not as it should be; see the line about " + worst.Name, said: true}
	}
	return nil
}

func (a *app) printDoctor(doc doctorDoc) error {
	if a.json {
		return a.printJSON(doc)
	}
	for _, c := range doc.Checks {
		text := fmt.Sprintf("%s  %s", c.Name, c.Detail)
		if c.Fix != "" {
			text += "\n      " + strings.ReplaceAll(c.Fix, "\n", "\n      ")
		}
		if err := a.printf("%s %s\n", a.colour(verdictColours[c.Status], fmt.Sprintf("%-4s", c.Status)), printable(text)); err != nil {
			return err
		}
	}
	return nil
}

func failed(name string, err error, fix string) check {
	return check{Name: name, Status: verdictFail, Detail: err.Error(), Fix: fix, code: codeOf(err)}
}

// checkSettings looks at the file that tokens are in.
func (a *app) checkSettings() check {
	const name = "settings"
	file, err := a.settingsFile()
	if err != nil {
		return check{Name: name, Status: verdictWarn, Detail: "nothing can be saved: " + err.Error()}
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return check{Name: name, Status: verdictOK, Detail: "nothing is saved in " + file}
	}
	if err == nil {
		_, err = a.load()
	}
	if err != nil {
		return failed(name, err, "remove the file and run `flora login`")
	}
	if a.system() != "windows" && info.Mode().Perm()&0o077 != 0 {
		return check{
			Name: name, Status: verdictFail, code: Failure, Fix: "chmod 600 " + file + ", and make new tokens if others use this machine",
			Detail: fmt.Sprintf("%s can be read by others (%o)", file, info.Mode().Perm()),
		}
	}
	return check{Name: name, Status: verdictOK, Detail: file}
}

func (a *app) checkProject() check {
	c := check{Name: "project", Status: verdictOK, Detail: "no project file here"}
	if a.says.File != "" {
		c.Detail = a.says.File
	}
	return c
}

// maxSkew is how far clocks may be apart before times are not understood.
const maxSkew = 30 * time.Second

// checkServer asks the server for all that it knows.
func (a *app) checkServer(ctx context.Context) []check {
	s, err := a.server(ctx)
	if err != nil {
		return []check{failed("server", err, "set FLORA_API_URL, or give --api")}
	}
	open, err := a.connect(s.base, "")
	if err == nil {
		_, err = open.Health(ctx)
	}
	if err != nil {
		return []check{failed("server", err, unreachable)}
	}
	checks := []check{{Name: "server", Status: verdictOK, Detail: s.base + " answers"}}
	if err := open.Ready(ctx); err != nil {
		checks = append(checks, check{Name: "server", Status: verdictWarn, Detail: "it does not serve yet: " + err.Error(), Fix: "wait a little; its log says more"})
	}
	token, err := a.token(s)
	if err != nil {
		return append(checks, failed("token", err, "run `flora login`, or set FLORA_TOKEN"))
	}
	api, err := a.connect(s.base, token)
	if err != nil {
		return append(checks, failed("token", err, "copy the token again"))
	}
	asked := time.Now()
	said, err := api.Server(ctx)
	if err != nil {
		return append(checks, failed("token", err, "run `flora login`"))
	}
	checks = append(checks,
		check{Name: "token", Status: verdictOK, Detail: "you are " + cmp.Or(said.User.Username, said.User.ID, "unknown")},
		checkClock(said, asked, time.Now()), checkVersion(said.Version))
	return append(checks, a.checkGuild(ctx, api))
}

// checkClock compares the clocks; the server's stands for a moment between
// asking and being answered.
func checkClock(s client.Server, asked, answered time.Time) check {
	const name = "clock"
	if s.Time.IsZero() {
		return check{Name: name, Status: verdictWarn, Detail: "the server does not tell its time"}
	}
	skew := time.Duration(0)
	switch {
	case s.Time.Add(time.Second).Before(asked): // It is told to a second.
		skew = asked.Sub(s.Time)
	case s.Time.After(answered):
		skew = s.Time.Sub(answered)
	}
	if skew > maxSkew {
		return check{
			Name: name, Status: verdictWarn, Detail: fmt.Sprintf("this machine's and the server's are %s apart", skew.Round(time.Second)),
			Fix: "set the clock that is wrong: times of expiry and of logs depend on it",
		}
	}
	return check{Name: name, Status: verdictOK, Detail: "as the server's"}
}

func checkVersion(server string) check {
	c := check{Name: "version", Status: verdictOK, Detail: "flora " + Version + ", server " + cmp.Or(server, "unknown")}
	if server != Version {
		c.Status, c.Fix = verdictWarn, "use the same version of flora and of the server, when something does not work"
	}
	return c
}

func (a *app) checkGuild(ctx context.Context, api *client.Client) check {
	const name = "guild"
	says, err := a.projectFile(ctx)
	if err != nil {
		return failed(name, err, "repair the project file")
	}
	text := cmp.Or(a.guildID, a.env("FLORA_GUILD"), says.Guild)
	if text == "" {
		return check{Name: name, Status: verdictWarn, Detail: "none is named", Fix: "give --guild, set FLORA_GUILD or write it into flora.json; `flora guilds` lists yours"}
	}
	guild, err := snowflake.ParseGuild(text)
	if err != nil {
		return failed(name, usage("%q is %s", text, err), "`flora guilds` lists yours")
	}
	status, err := api.Status(ctx, guild)
	if err != nil {
		return failed(name, err, "`flora guilds` lists those that you administer and the bot is in")
	}
	c := check{Name: name, Status: verdictOK, Detail: fmt.Sprintf("you administer %s; its script: %s", guild, status.State)}
	switch status.State {
	case "quarantined", "throttled", "penalty":
		c.Status, c.Fix = verdictWarn, "`flora status` and `flora logs` say why"
	}
	return c
}

// checkTools looks for what other commands start.
func (a *app) checkTools() []check {
	var checks []check
	if file, err := a.runtimeBinary(); err == nil {
		checks = append(checks, check{Name: "runtime", Status: verdictOK, Detail: file})
	} else {
		checks = append(checks, check{Name: "runtime", Status: verdictWarn, Detail: "`flora dev` and `flora test` cannot start one here", Fix: err.Error()})
	}
	tsc := ""
	if dir, err := a.path("."); err == nil {
		tsc = findTSC(a.system(), dir, a.env("PATH"), executable)
	}
	switch {
	case tsc == "":
		return append(checks, check{
			Name: "tsc", Status: verdictWarn, Detail: "TypeScript's compiler is not here, so `flora check` looks at no types",
			Fix: "npm install --save-dev typescript; nothing else needs it",
		})
	case !a.onPath("node"):
		return append(checks, check{
			Name: "tsc", Status: verdictWarn, Detail: tsc + " needs Node.js, which is not in PATH", Fix: "install Node.js, for `flora check`; nothing else needs it",
		})
	}
	return append(checks, check{Name: "tsc", Status: verdictOK, Detail: tsc})
}

// onPath reports whether a program is in one of the PATH's folders.
func (a *app) onPath(name string) bool {
	return slices.ContainsFunc(filepath.SplitList(a.env("PATH")), func(dir string) bool {
		return filepath.IsAbs(dir) && executable(filepath.Join(dir, name))
	})
}
