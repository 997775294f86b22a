package supervisor

// Usage is what one worker is doing.
type Usage struct {
	Worker  int
	PID     int // 0 when no process runs.
	Scripts int
	Held    uint64 // Bytes that its scripts have, and
	Turns   uint64 // turns since the pool began: both as the process says.
}

// Usage tells of every worker, penalty workers last.
func (p *Pool) Usage() []Usage {
	out := make([]Usage, len(p.all))
	for i, s := range p.all {
		out[i] = s.usage()
	}
	return out
}

func (s *slot) usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := Usage{Worker: s.index, Turns: s.turned}
	if s.proc == nil {
		return u
	}
	u.PID, u.Scripts = s.proc.PID(), len(s.instances)
	for _, i := range s.instances {
		u.Held += s.marks.At(i.mark).Held.Load()
	}
	for i := range s.marks.Len() {
		u.Turns += s.marks.At(i).Turns.Load()
	}
	return u
}
