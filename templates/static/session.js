// Warns before the session ends (WCAG 2.2, success criterion 2.2.1). The texts and
// the settings are in the element that layout.templ renders.
(() => {
  'use strict'
  const dialog = document.getElementById('session-end')
  if (!dialog?.showModal) return
  const settings = dialog.dataset
  const title = document.title
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'always' })
  const longest = 3_600_000 // of one timer; a longer one would overflow
  let timer
  let asking = false
  let shown = '' // the state of the open dialog: idle, end or over
  let dismissed = '' // the state whose dialog the person has closed

  // ask asks the server about the session. POST prolongs it. The answer is null if
  // the session has ended. Times are relative to the server's clock.
  const ask = async method => {
    asking = true
    const response = await fetch(settings.url, { method, cache: 'no-store', headers: { Accept: 'application/json' } })
      .finally(() => { asking = false })
    if (response.status === 401) return null
    if (!response.ok) throw new Error(response.statusText)
    const { idle_ends, ends } = await response.json()
    const now = Date.parse(response.headers.get('Date'))
    const final = Date.parse(ends) <= Date.parse(idle_ends)
    return { final, until: Date.now() + Date.parse(final ? ends : idle_ends) - now }
  }

  const later = (task, wait) => {
    clearTimeout(timer)
    timer = setTimeout(task, Math.max(500, Math.min(wait, longest)))
  }

  // plan decides by an answer of the server what to show and when to ask again.
  const plan = session => {
    if (!session) return show('over')
    const ahead = (session.final ? settings.warnEnd : settings.warnIdle) * 1000
    if (session.until - Date.now() > ahead) {
      hide()
      return later(check, session.until - Date.now() - ahead)
    }
    show(session.final ? 'end' : 'idle')
    count(session)
  }

  // count shows the time that is left, and asks again at the end.
  const count = session => {
    const seconds = Math.round((session.until - Date.now()) / 1000)
    if (seconds <= 0) return later(check, 500)
    const when = seconds > 60 ? relative.format(Math.round(seconds / 60), 'minute')
      : relative.format(seconds > 30 ? 60 : seconds > 10 ? 30 : 10, 'second')
    for (const text of dialog.querySelectorAll('[data-text]')) {
      const sentence = text.dataset.text.replace('{when}', when)
      if (text.textContent !== sentence) text.textContent = sentence // screen readers read each change
    }
    later(() => count(session), 1000)
  }

  const check = () => ask('GET').then(plan, () => later(check, 15_000))

  const show = state => {
    for (const section of dialog.querySelectorAll('section')) {
      section.hidden = section.dataset.state !== state
      if (section.hidden) continue
      dialog.setAttribute('aria-labelledby', 'session-heading-' + state)
      dialog.setAttribute('aria-describedby', 'session-text-' + state)
      if (dismissed !== state) document.title = section.querySelector('h2').textContent + ' - ' + title
    }
    if (state === 'over') clearTimeout(timer)
    if (dismissed === state) return
    shown = state
    if (!dialog.open) dialog.showModal()
  }

  const hide = () => {
    shown = dismissed = ''
    document.title = title
    dialog.close()
  }

  // A browser stops timers while the computer sleeps, and another tab may have
  // prolonged or ended the session.
  const returned = () => {
    if (document.visibilityState === 'visible' && !asking) check()
  }
  document.addEventListener('visibilitychange', returned)
  addEventListener('focus', returned)
  addEventListener('pageshow', event => event.persisted && check())

  dialog.addEventListener('close', () => {
    dismissed = shown
    document.title = title
  })
  dialog.addEventListener('click', event => {
    const action = event.target.dataset.action
    const failed = dialog.querySelector('[data-failed]')
    if (action === 'close') dialog.close()
    if (action !== 'stay') return
    failed.hidden = true
    ask('POST').then(plan, () => { failed.hidden = false })
  })
  for (const link of dialog.querySelectorAll('a')) {
    link.href = settings.login + '?return_to=' + encodeURIComponent(location.pathname + location.search)
  }
  check()
})()
