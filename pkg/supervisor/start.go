package supervisor

import (
	"os/exec"
	"runtime"
)

// starter is a goroutine that keeps its thread: a child's parent-death signal
// is sent when the thread that started it ends, so that thread must live as
// long as the process.
var starter = func() chan func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
}()

func start(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	starter <- func() { result <- cmd.Start() }
	return <-result
}
