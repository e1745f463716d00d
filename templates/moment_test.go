package templates

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMomentHasDateAndDistance(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	now := time.Date(2026, 11, 23, 17, 9, 0, 0, berlin)
	m := NewMoment(now.Add(11*time.Hour+58*time.Minute), now)
	assert.Equal(t, "2026-11-24T04:07:00Z", m.DateTime())
	for lang, want := range map[string][2]string{
		"en":      {"24 November 2026, 04:07 UTC", "in 11 hours"},
		"de":      {"24. November 2026, 04:07 UTC", "in 11 Stunden"},
		"zh-Hans": {"2026年11月24日 04:07 UTC", "11 小时后"},
	} {
		if c := wordsIn(t, lang); c != nil {
			assert.Equal(t, want, [2]string{c.date(m), c.distance(m)})
		}
	}
}

// wordsIn returns the catalogue of lang, or nil if there is none.
func wordsIn(t testing.TB, lang string) *catalogue {
	t.Helper()
	for _, c := range mustPages(t, Options{}).languages {
		if c.lang == lang {
			return c
		}
	}
	return nil
}

func TestRelative(t *testing.T) {
	for _, c := range []struct {
		d          time.Duration
		en, de, zh string
	}{
		{0, "just now", "gerade eben", "刚刚"},
		{59 * time.Second, "in less than a minute", "in weniger als einer Minute", "1 分钟内"},
		{-59 * time.Second, "just now", "gerade eben", "刚刚"},
		{time.Minute, "in 1 minute", "in 1 Minute", "1 分钟后"},
		{time.Minute + time.Second, "in 2 minutes", "in 2 Minuten", "2 分钟后"},
		{59 * time.Minute, "in 59 minutes", "in 59 Minuten", "59 分钟后"},
		{time.Hour - time.Second, "in 1 hour", "in 1 Stunde", "1 小时后"},
		{time.Hour, "in 1 hour", "in 1 Stunde", "1 小时后"},
		{time.Hour + 6*time.Minute, "in 1 hour", "in 1 Stunde", "1 小时后"},
		{2*time.Hour - time.Minute, "in 1 hour", "in 1 Stunde", "1 小时后"},
		{12*time.Hour - 3*time.Second, "in 12 hours", "in 12 Stunden", "12 小时后"},
		{12 * time.Hour, "in 12 hours", "in 12 Stunden", "12 小时后"},
		{47*time.Hour + 30*time.Minute, "in 47 hours", "in 47 Stunden", "47 小时后"},
		{48 * time.Hour, "in 2 days", "in 2 Tagen", "2 天后"},
		{90 * 24 * time.Hour, "in 90 days", "in 90 Tagen", "90 天后"},
		{-3*time.Minute - 59*time.Second, "3 minutes ago", "vor 3 Minuten", "3 分钟前"},
		{-3 * time.Minute, "3 minutes ago", "vor 3 Minuten", "3 分钟前"},
		{-3*time.Hour - 20*time.Minute, "3 hours ago", "vor 3 Stunden", "3 小时前"},
		{-71 * time.Hour, "2 days ago", "vor 2 Tagen", "2 天前"},
	} {
		for lang, want := range map[string]string{"en": c.en, "de": c.de, "zh-Hans": c.zh} {
			if words := wordsIn(t, lang); words != nil {
				assert.Equal(t, want, words.relative(c.d))
			}
		}
	}
}
