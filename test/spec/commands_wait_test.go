package spec

import (
	"encoding/json"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// remember NAME MEMBER.MEMBER... puts a value of the last printed answer, JSON
// after its status, into a variable; members of arrays are numbers.
func cmdRemember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: remember NAME MEMBER.MEMBER...")
	}
	answer := ts.ReadFile("stdout")
	if !strings.HasPrefix(answer, "{") && !strings.HasPrefix(answer, "[") {
		_, answer, _ = strings.Cut(answer, " ") // The status before an answer of the API.
	}
	var v any
	ts.Check(json.Unmarshal([]byte(answer), &v))
	for _, step := range strings.Split(args[1], ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			n, err := strconv.Atoi(step)
			ts.Check(err)
			if n >= len(in) {
				ts.Fatalf("remember: there are only %d of %s in %s", len(in), args[1], answer)
			}
			v = in[n]
		}
	}
	text, ok := v.(string)
	if !ok {
		ts.Fatalf("remember: %s is no text in %s", args[1], answer)
	}
	ts.Setenv(args[0], text)
}

// answers TEXT REGEXP says it until the bot answers like that: for what changes
// at a moment that nobody is told.
func cmdAnswers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answers TEXT REGEXP")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	var heard string
	ts.Check(until(fmt.Sprintf("%q to be answered like %q", args[0], re), func() (bool, error) {
		cmdSay(ts, false, args[:1])
		if err := until("an answer", func() (bool, error) {
			_, answer, err := call("GET", channelURL(ts)+"?limit=1", "", nil)
			var list []message
			if err == nil {
				err = json.Unmarshal(answer, &list)
			}
			if err != nil || len(list) == 0 || !list[0].Author.Bot {
				return false, err
			}
			heard = list[0].Content
			return true, nil
		}); err != nil {
			return false, err
		}
		return re.MatchString(heard), fmt.Errorf("it said %q", heard)
	}))
}

// complained REGEXP waits until the last runtime has written it to its own log.
func cmdComplained(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: complained REGEXP")
	}
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	p := last(ts)
	if err := until(fmt.Sprintf("the runtime to write %q", re), func() (bool, error) {
		return re.MatchString(p.stderr.String()), nil
	}); err != nil {
		ts.Fatalf("%v; it wrote %s", err, p.stderr)
	}
}

// state STATE waits until $GUILD's script is in that state.
func cmdState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: state STATE")
	}
	ts.Check(until("the script to be "+args[0], func() (bool, error) {
		status, answer, err := call("GET", ts.Getenv("URL")+"/api/status/"+ts.Getenv("GUILD"), ts.Getenv("TOKEN"), nil)
		var got struct{ State string }
		if err == nil {
			err = json.Unmarshal(answer, &got)
		}
		return got.State == args[0], fmt.Errorf("it is %q: %d %w", got.State, status, err)
	}))
}

// port NAME puts the last runtime's port into a variable.
func cmdPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: port NAME")
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(last(ts).url, "http://"))
	ts.Check(err)
	ts.Setenv(args[0], port)
}
