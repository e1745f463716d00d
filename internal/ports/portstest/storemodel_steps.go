package portstest

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/assert"

	"webapp/internal/ports"
)

// any returns one of the worker's keys and the record that the model expects under
// it. It returns false if the model expects no record.
func (w *modelWorker) any() (string, modelRecord, bool) {
	key := w.key(w.random.IntN(modelKeys))
	r, ok := w.live[key]
	return key, r, ok
}

// stale returns a version that the key does not have now.
func (w *modelWorker) stale(key string, now ports.Version) ports.Version {
	past := slices.DeleteFunc(slices.Clone(w.past[key]), func(v ports.Version) bool { return v == now })
	if len(past) == 0 {
		return now + 1<<40
	}
	return past[w.random.IntN(len(past))]
}

func (w *modelWorker) value() string {
	w.serial++
	return strconv.Itoa(w.serial) + strings.Repeat("v", w.random.IntN(600))
}

func (w *modelWorker) create() {
	key, was, there := w.any()
	indexes := []string{"shared"}
	for i := range modelIndexes {
		if w.random.IntN(2) == 0 {
			indexes = append(indexes, w.index(i))
		}
	}
	r := modelRecord{value: w.value(), indexes: indexes[w.random.IntN(2):]}
	v, err := w.store.Create(w.t.Context(), w.shared.h.record(key, r.value, r.indexes...))
	if there {
		assert.ErrorIs(w.t, err, ports.ErrRecordExists)
		r = was
	} else if assert.NoError(w.t, err) {
		w.note(key, v)
		r.version = v
	}
	w.live[key] = r
}

func (w *modelWorker) find() {
	key, _, _ := w.any()
	w.check(key)
}

// check compares a record with the model.
func (w *modelWorker) check(key string) {
	w.t.Helper()
	r, there := w.live[key]
	got, err := w.store.Find(w.t.Context(), key)
	if !there {
		assert.ErrorIs(w.t, err, ports.ErrNoRecord)
		return
	}
	assert.NoError(w.t, err)
	assert.Equal(w.t, r.value, string(got.Value))
	assert.Equal(w.t, r.version, got.Version)
}

func (w *modelWorker) replace() {
	key, r, there := w.any()
	value := w.value()
	v, err := w.store.Replace(w.t.Context(), w.shared.h.record(key, value, r.indexes...), r.version)
	if !there {
		assert.ErrorIs(w.t, err, ports.ErrNoRecord)
		return
	}
	if assert.NoError(w.t, err) {
		w.note(key, v)
		w.live[key] = modelRecord{value: value, version: v, indexes: r.indexes}
	}
}

func (w *modelWorker) replaceStale() {
	key, r, there := w.any()
	_, err := w.store.Replace(w.t.Context(), w.shared.h.record(key, "stale", r.indexes...), w.stale(key, r.version))
	if there {
		assert.ErrorIs(w.t, err, ports.ErrRecordChanged)
	} else {
		assert.ErrorIs(w.t, err, ports.ErrNoRecord)
	}
	w.check(key)
}

func (w *modelWorker) delete() {
	key, _, _ := w.any()
	assert.NoError(w.t, w.store.Delete(w.t.Context(), key, ports.AnyVersion))
	delete(w.live, key)
	w.check(key)
}

func (w *modelWorker) deleteVersion() {
	key, r, there := w.any()
	if !there {
		return
	}
	assert.NoError(w.t, w.store.Delete(w.t.Context(), key, r.version))
	delete(w.live, key)
}

func (w *modelWorker) deleteStale() {
	key, r, there := w.any()
	err := w.store.Delete(w.t.Context(), key, w.stale(key, r.version))
	if there {
		assert.ErrorIs(w.t, err, ports.ErrRecordChanged)
	} else {
		assert.ErrorIs(w.t, err, ports.ErrNoRecord)
	}
	w.check(key)
}

func (w *modelWorker) keys() { w.checkIndex(w.index(w.random.IntN(modelIndexes))) }

// checkIndex compares an index of the worker with the model, and looks for the worker's
// keys in the shared index.
func (w *modelWorker) checkIndex(index string) {
	w.t.Helper()
	var own, shared []string
	for key, r := range w.live {
		if slices.Contains(r.indexes, index) {
			own = append(own, key)
		}
		if slices.Contains(r.indexes, "shared") {
			shared = append(shared, key)
		}
	}
	got, err := w.store.Keys(w.t.Context(), index)
	assert.NoError(w.t, err)
	assert.ElementsMatch(w.t, own, got)
	all, err := w.store.Keys(w.t.Context(), "shared")
	assert.NoError(w.t, err)
	assert.Subset(w.t, all, shared)
	mine := slices.DeleteFunc(all, func(key string) bool { return !strings.HasPrefix(key, w.key(0)[:len(w.key(0))-1]) })
	assert.ElementsMatch(w.t, shared, mine)
}

// increment tries to increment a shared counter once.
func (w *modelWorker) increment() {
	i := w.random.IntN(len(w.shared.counts))
	key := w.shared.counter(i)
	found, err := w.store.Find(w.t.Context(), key)
	if !assert.NoError(w.t, err) {
		return
	}
	n, err := strconv.Atoi(string(found.Value))
	assert.NoError(w.t, err)
	_, err = w.store.Replace(w.t.Context(), w.shared.h.record(key, strconv.Itoa(n+1), "shared"), found.Version)
	if err == nil {
		w.shared.counts[i].Add(1)
		return
	}
	assert.ErrorIs(w.t, err, ports.ErrRecordChanged)
}

// lock uses a record as a lock.
func (w *modelWorker) lock() {
	v, err := w.store.Create(w.t.Context(), w.shared.h.record("lock", ""))
	if errors.Is(err, ports.ErrRecordExists) {
		return
	}
	if !assert.NoError(w.t, err) {
		return
	}
	w.note("lock", v)
	assert.EqualValues(w.t, 1, w.shared.holders.Add(1), "two hold the lock")
	w.check(w.key(0))
	w.shared.holders.Add(-1)
	assert.NoError(w.t, w.store.Delete(w.t.Context(), "lock", v))
}

// shortenSome replaces half of the records with brief ones.
func (w *modelWorker) shortenSome() {
	for i := range modelKeys {
		key := w.key(i)
		r, there := w.live[key]
		if w.random.IntN(2) == 0 || !there {
			continue
		}
		_, err := w.store.Replace(w.t.Context(), w.shared.h.brief(key, r.value, r.indexes...), r.version)
		assert.NoError(w.t, err)
		delete(w.live, key)
	}
}
