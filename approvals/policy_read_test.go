package approvals

import (
	"errors"
	"testing"
	"time"
)

// TestThePolicyMayBreakWhileTheWorkerBegins: the admins are told, whichever was
// first, and told when it is well again.
func TestThePolicyMayBreakWhileTheWorkerBegins(t *testing.T) {
	story(t, func(w *world) {
		worker := w.worker()
		done := make(chan struct{})
		go func() {
			defer close(done)
			worker.PolicyRead(w.Context(), errors.New("partnerbot.yaml:3: is not a key here"))
		}()
		w.runs(worker)
		<-done
		w.pass(time.Minute)
		if told := w.desk.calls("incident " + WidePolicy); len(told) == 0 {
			t.Error("nobody is told")
		}
		worker.PolicyRead(w.Context(), nil)
		w.pass(time.Minute)
		if i := w.incidentOf(WidePolicy); i.lasts() {
			t.Errorf("it lasts: %+v", i)
		}
	})
}
