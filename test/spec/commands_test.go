package spec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// commands are what scripts in testdata can use beside testscript's own.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"runtime":     cmdRuntime,
	"halt":        cmdHalt,
	"kill-worker": cmdKillWorker,
	"say":         cmdSay,
	"hear":        cmdHear,
	"act":         cmdAct,
	"api":         cmdAPI,
	"logged":      cmdLogged,
	"brackets":    cmdBrackets,
	"remember":    cmdRemember,
	"answers":     cmdAnswers,
	"complained":  cmdComplained,
	"state":       cmdState,
	"port":        cmdPort,
	"browse":      cmdBrowse,
	"shape":       cmdShape,

	"second-guild": cmdSecondGuild,
	"develops":     cmdDevelops,
}

func of(ts *testscript.TestScript) *runtimes {
	w, ok := ts.Value(world{}).(*runtimes)
	if !ok {
		ts.Fatalf("the script has no world")
	}
	return w
}

func last(ts *testscript.TestScript) *process {
	w := of(ts)
	if len(w.list) == 0 {
		ts.Fatalf("no runtime was started")
	}
	return w.list[len(w.list)-1]
}

// runtime dev|discordsim ARGS starts flora-runtime and sets URL, GUILD, CHANNEL
// and TOKEN. With "again" it starts the last one anew with the same arguments.
func cmdRuntime(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: runtime dev|discordsim ARGS | runtime again")
	}
	if args[0] == "again" {
		args = last(ts).args
	} else {
		args = append([]string{args[0], "--port", "0"}, args[1:]...)
	}
	env := os.Environ()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "DISCORD_TOKEN", "FLORA_DISCORD_API_BASE", "FLORA_RUNTIME_LOAD_TIMEOUT_SECS", "FLORA_RUNTIME_MAX_SCRIPT_BYTES"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	p, err := start(ts.Getenv("WORK"), env, args...)
	ts.Check(err)
	w := of(ts)
	w.list = append(w.list, p)
	ts.Setenv("URL", p.url)
	ts.Setenv("GUILD", p.guild)
	ts.Setenv("CHANNEL", p.channel)
	if p.file != "" {
		token, err := os.ReadFile(p.file)
		ts.Check(err)
		ts.Setenv("TOKEN", strings.TrimSpace(string(token)))
		ts.Setenv("TOKEN_FILE", p.file)
		ts.Setenv("FLORA_API_URL", p.url+"/api")
	}
}

// halt [kill] ends the last runtime, politely or not.
func cmdHalt(ts *testscript.TestScript, neg bool, args []string) {
	var s os.Signal = syscall.SIGTERM
	if slices.Equal(args, []string{"kill"}) {
		s = syscall.SIGKILL
	} else if neg || len(args) > 0 {
		ts.Fatalf("usage: halt [kill]")
	}
	p := last(ts)
	ts.Check(p.signal(s))
	if s == syscall.SIGTERM && p.cmd.ProcessState.ExitCode() != 0 {
		ts.Fatalf("the runtime ended with %s:\n%s", p.cmd.ProcessState, p.stderr)
	}
}

// kill-worker kills every worker process of the last runtime.
func cmdKillWorker(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: kill-worker")
	}
	pids, err := last(ts).workers()
	ts.Check(err)
	if len(pids) == 0 {
		ts.Fatalf("there is no worker process")
	}
	for _, pid := range pids {
		ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	}
}

func channelURL(ts *testscript.TestScript) string {
	return ts.Getenv("URL") + "/sim/guilds/" + ts.Getenv("GUILD") + "/channels/" + ts.Getenv("CHANNEL") + "/messages"
}

// say TEXT says something in $CHANNEL.
func cmdSay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: say TEXT")
	}
	body, err := json.Marshal(map[string]string{"content": args[0]})
	ts.Check(err)
	status, answer, err := call("POST", channelURL(ts), "", body)
	ts.Check(err)
	if status >= 300 {
		ts.Fatalf("say: %d %s", status, answer)
	}
}

type message struct {
	Content string `json:"content"`
	Author  struct {
		Bot bool `json:"bot"`
	} `json:"author"`
}

// hear REGEXP [N] waits until the bot has said it (N times) in $CHANNEL; with !
// it checks that the bot has not.
func cmdHear(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] hear REGEXP [N]")
	}
	want := 1
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		want = n
	}
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	var heard []string
	count := func() (int, error) {
		status, answer, err := call("GET", channelURL(ts), "", nil)
		if err != nil || status != http.StatusOK {
			return 0, fmt.Errorf("messages: %d %s %w", status, answer, err)
		}
		var list []message
		if err := json.Unmarshal(answer, &list); err != nil {
			return 0, err
		}
		n := 0
		heard = heard[:0]
		for _, m := range list {
			if m.Author.Bot {
				heard = append(heard, m.Content)
				if re.MatchString(m.Content) {
					n++
				}
			}
		}
		return n, nil
	}
	if neg {
		n, err := count()
		ts.Check(err)
		if n >= want {
			ts.Fatalf("the bot said it: %q", heard)
		}
		return
	}
	err = until(fmt.Sprintf("the bot to say %q", re), func() (bool, error) {
		n, err := count()
		return n >= want, err
	})
	if err != nil {
		ts.Fatalf("%v; it said %q", err, heard)
	}
}

// act JSON acts on the bot in $GUILD and prints what the user sees.
func cmdAct(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] act JSON")
	}
	status, answer, err := call("POST", ts.Getenv("URL")+"/sim/guilds/"+ts.Getenv("GUILD")+"/interactions", "", []byte(args[0]))
	ts.Check(err)
	if (status >= 300) != neg {
		ts.Fatalf("act: %d %s", status, answer)
	}
	print(ts, status, answer)
}

// api METHOD PATH [BODY|@FILE] calls the API with $TOKEN and prints the status
// and the body; ! expects an error. PATH is below $URL.
func cmdAPI(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: [!] api METHOD PATH [BODY|@FILE]")
	}
	var body []byte
	if len(args) == 3 {
		body = []byte(args[2])
		if name, ok := strings.CutPrefix(args[2], "@"); ok {
			body = []byte(ts.ReadFile(name))
		}
	}
	status, answer, err := call(args[0], ts.Getenv("URL")+args[1], ts.Getenv("TOKEN"), body)
	ts.Check(err)
	print(ts, status, answer)
	if (status >= 400) != neg {
		ts.Fatalf("api: %d %s", status, answer)
	}
	if neg && status >= 500 {
		ts.Fatalf("api: the server is to blame: %d %s", status, answer)
	}
	if !neg {
		return
	}
	var problem struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(answer, &problem); err != nil || problem.Message == "" {
		ts.Fatalf("api: the error has no JSON message: %d %s", status, answer)
	}
}

// logged REGEXP waits until $GUILD's log has a line like it.
func cmdLogged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: logged REGEXP")
	}
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	var seen []byte
	err = until(fmt.Sprintf("the log to have %q", re), func() (bool, error) {
		_, answer, err := call("GET", ts.Getenv("URL")+"/api/logs/"+ts.Getenv("GUILD"), ts.Getenv("TOKEN"), nil)
		var list []struct {
			Message string `json:"message"`
		}
		if err == nil {
			err = json.Unmarshal(answer, &list)
		}
		seen = answer
		for _, l := range list {
			if re.MatchString(l.Message) {
				return true, nil
			}
		}
		return false, err
	})
	if err != nil {
		ts.Fatalf("%v; it has %s", err, seen)
	}
}

// second-guild makes the second simulated guild the one that is spoken to, and
// deploys the starter's !ping to it.
func cmdSecondGuild(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: second-guild")
	}
	status, answer, err := call("GET", ts.Getenv("URL")+"/sim", "", nil)
	ts.Check(err)
	var world struct {
		Guilds []struct {
			ID       string `json:"id"`
			Channels []struct {
				ID string `json:"id"`
			} `json:"channels"`
		} `json:"guilds"`
	}
	ts.Check(json.Unmarshal(answer, &world))
	if status != http.StatusOK || len(world.Guilds) < 2 || len(world.Guilds[1].Channels) == 0 {
		ts.Fatalf("there is no second guild: %d %s", status, answer)
	}
	ts.Setenv("GUILD", world.Guilds[1].ID)
	ts.Setenv("CHANNEL", world.Guilds[1].Channels[0].ID)
	body := []byte(`{"entry":"main.ts","files":[{"path":"main.ts","contents":"on('messageCreate', async (c) => { if (c.msg.content === '!ping') await c.reply('pong!') })"}]}`)
	status, answer, err = call("POST", ts.Getenv("URL")+"/api/deployments/"+ts.Getenv("GUILD"), ts.Getenv("TOKEN"), body)
	ts.Check(err)
	if status != http.StatusOK {
		ts.Fatalf("deploy: %d %s", status, answer)
	}
}

// brackets N FILE writes a deployment whose source nests N brackets.
func cmdBrackets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: brackets N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": "x = " + strings.Repeat("[", n)}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o600))
}

func print(ts *testscript.TestScript, status int, body []byte) {
	_, err := fmt.Fprintf(ts.Stdout(), "%d %s\n", status, body)
	ts.Check(err)
}

func call(method, url, token string, body []byte) (int, []byte, error) {
	return rig.Call(method, url, token, body)
}
