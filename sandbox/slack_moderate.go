package sandbox

// Remove deletes a message as somebody who runs the workspace would. One that is not there stays away.
func (w *World) Remove(channelID, ts string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.findMessageLocked(channelID, ts); m != nil {
		w.removeLocked(m)
	}
}

// Unarchive opens a channel again that was archived.
func (w *World) Unarchive(channelID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch := w.channels[channelID]; ch != nil {
		ch.Archived = false
		w.touchLocked()
	}
}
