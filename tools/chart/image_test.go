package chart_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// The chart runs the image that the Dockerfile makes: as its user, with its
// data folder, and with the configuration's values where the image has some.
func TestTheImageFits(t *testing.T) {
	t.Parallel()
	dockerfile := read(t, "../../Dockerfile")
	_, last, ok := strings.Cut(dockerfile, "\nFROM debian")
	if !ok {
		t.Fatal("the image is made of something else")
	}
	one := func(pattern string) string {
		m := regexp.MustCompile("(?m)^" + pattern + "$").FindStringSubmatch(last)
		if m == nil {
			t.Fatalf("the Dockerfile lacks %s", pattern)
		}
		return m[1]
	}
	if entry := one(`ENTRYPOINT (.*)`); entry != `["flora-runtime"]` {
		t.Errorf("the chart's arguments are for flora-runtime, and the image runs %s", entry)
	}
	user, data := one(`USER (\d+):\d+`), one(`VOLUME (\S+)`)
	each(t, func(t *testing.T, all []manifest) {
		for _, m := range all {
			spec := podSpec(m)
			if spec == nil {
				continue
			}
			security := object(spec, "securityContext")
			for _, key := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
				if fmt.Sprint(security[key]) != user {
					t.Errorf("%s: %s is %v, and the image's user %s", m, key, security[key], user)
				}
			}
			for _, c := range list(spec["containers"]) {
				env := map[string]any{}
				for _, e := range list(c["env"]) {
					env[e["name"].(string)] = e["value"]
				}
				for _, set := range regexp.MustCompile(`\b(FLORA_\w+)=`).FindAllStringSubmatch(last, -1) {
					if v, ok := env[set[1]]; !ok || v != "" {
						t.Errorf("%s: the image's %s counts more than the configuration", m, set[1])
					}
				}
				mounts := fmt.Sprint(c["volumeMounts"])
				if m.kind() == "StatefulSet" && !strings.Contains(mounts, "mountPath:"+data+" ") {
					t.Errorf("%s: the image's data folder is %s, and mounts are %s", m, data, mounts)
				}
			}
		}
	})
}
