/// What runs inside Redis, where nothing else runs meanwhile.
enum CacheScripts {
  /// Writes entries, each unless it is as new. Nothing if the writer's epoch has passed.
  ///
  /// Keys: the epoch, then the entries. Arguments: the writer's epoch, the time to live in ms, then runs of entries
  /// that share tenant and status: how many they are, tenant, status, and for each entry revision, document and
  /// customer, which is empty while the service is anonymous.
  /// Answers the places (1 is the first) of the entries that have the same or a newer revision; or, when the epochs
  /// differ, a string: the epoch in Redis, empty if there is none.
  ///
  /// Within an epoch a service keeps its tenant until it is deleted: what stands there already is not written again.
  static let write: StaticString = """
    local call, pcall, epoch, life = redis.call, redis.pcall, ARGV[1], ARGV[2]
    local current = pcall('GET', KEYS[1])
    if current ~= epoch then
      return type(current) == 'string' and current or ''
    end
    local refused = {}
    local place, at, count = 0, 3, #KEYS - 1
    while place < count do
      local last, tenant, status = place + tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
      at = at + 3
      for next = place + 1, last do
        local key, revision, document, customer = KEYS[next + 1], ARGV[at], ARGV[at + 1], ARGV[at + 2]
        at = at + 3
        local old = pcall('HMGET', key, 'epoch', 'revision')
        if old.err then
          call('DEL', key)
        end
        local isKnown = old[1] == epoch
        if isKnown and (tonumber(old[2]) or 0) >= tonumber(revision) then
          refused[#refused + 1] = next
        else
          if customer == '' then
            call('HSET', key, 'epoch', epoch, 'revision', revision, 'tenant', tenant, 'status', status,
              'document', document)
            call('HDEL', key, 'customer')
          elseif isKnown then
            call('HSET', key, 'revision', revision, 'status', status, 'document', document,
              'customer', customer)
          else
            call('HSET', key, 'epoch', epoch, 'revision', revision, 'tenant', tenant, 'status', status,
              'document', document, 'customer', customer)
          end
          call('PEXPIRE', key, life)
        end
      end
      place = last
    end
    return refused
    """

  /// Writes one entry of a cluster, unless it is as new. The epoch is in another slot, where a script cannot see it:
  /// here the entries themselves tell. Nothing older ever takes the place of what is newer, whatever its epoch, so that
  /// a writer that does not know of a new epoch yet, and a reader that fills in its knowledge, cannot overtake each other.
  ///
  /// Key: the entry. Arguments: the writer's epoch, the time to live in ms, tenant, status, revision, document and
  /// customer, which is empty while the service is anonymous. Answers an empty list, or one of 1 if it is as new; or a
  /// string: the epoch of the entry, if it is above the writer's.
  static let writeInCluster: StaticString = """
    local key, epoch, customer = KEYS[1], ARGV[1], ARGV[7]
    local old = redis.pcall('HMGET', key, 'epoch', 'revision')
    if old.err then
      redis.call('DEL', key)
    else
      local current, revision = tonumber(old[1]) or 0, tonumber(old[2]) or 0
      if current > tonumber(epoch) then
        return old[1]
      end
      if revision > tonumber(ARGV[5]) or (revision == tonumber(ARGV[5]) and old[1] == epoch) then
        return {1}
      end
    end
    redis.call('HSET', key, 'epoch', epoch, 'tenant', ARGV[3], 'status', ARGV[4], 'revision', ARGV[5],
      'document', ARGV[6])
    if customer ~= '' then
      redis.call('HSET', key, 'customer', customer)
    else
      redis.call('HDEL', key, 'customer')
    end
    redis.call('PEXPIRE', key, ARGV[2])
    return {}
    """

  /// Takes over the epoch in Redis if the node may (`adopt`, and it is not below the one the node knows), else
  /// raises it above both and, so that it never meets entries of a restored backup, above the time of day.
  ///
  /// Takes Redis for the node's store, if there is none yet or no server of the one that has it was seen for a while. What
  /// stands there then is another store's: its leases are gone, and the epoch is raised.
  ///
  /// Keys, all in one slot: the epoch, the store, the nodes. Arguments: the epoch the node knows, ms since 1970, `adopt` or
  /// `raise`, the node's store, how long another one is waited for in ms. Answers the epoch, or the error `OTHERSTORE`.
  static let renewEpoch: StaticString = """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local owner = redis.pcall('HMGET', KEYS[2], 'store', 'seen')
    if owner.err then
      redis.call('DEL', KEYS[2])
      owner = {}
    end
    local isNew = owner[1] ~= ARGV[4]
    if isNew and owner[1] then
      if now - (tonumber(owner[2]) or 0) < tonumber(ARGV[5]) then
        return {err = 'OTHERSTORE ' .. owner[1]}
      end
      redis.call('DEL', KEYS[3])
    end
    redis.call('HSET', KEYS[2], 'store', ARGV[4], 'seen', string.format('%.0f', now))
    local current = redis.pcall('GET', KEYS[1])
    current = type(current) == 'string' and tonumber(current) or 0
    local known = tonumber(ARGV[1])
    if ARGV[3] == 'adopt' and not isNew and known > 0 and current >= known then
      return string.format('%.0f', current)
    end
    local raised = string.format('%.0f', math.max(current + 1, known + 1, tonumber(ARGV[2])))
    redis.call('SET', KEYS[1], raised)
    return raised
    """

  /// Holds a node's lease, watches those of others, or ends it. While a lease has run out, and was not ended, its node
  /// may have committed what Redis does not know: then the epoch is raised; and again, once a lease's time, as long as the
  /// node goes on committing.
  ///
  /// Says too that servers of the store are there, or with the last one's end that there are none.
  ///
  /// Keys, all in one slot: the epoch, the nodes by the end of their lease, the mark of a raise, the store, how often nodes
  /// had committed when the epoch was raised for them. Arguments: the node, `hold`, `watch` or `end`, a lease's time and how
  /// long one that has run out is remembered, in ms, the node's store, then nodes and how often each has committed, or `*` if
  /// nobody knows. Answers the epoch, empty if there is none, or the error `OTHERSTORE`. The time is Redis's own, so that
  /// the nodes' clocks do not matter.
  static let lease: StaticString = """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local lease, memory = tonumber(ARGV[3]), tonumber(ARGV[4])
    local owner = redis.call('HGET', KEYS[4], 'store')
    if owner and owner ~= ARGV[5] then
      return {err = 'OTHERSTORE ' .. owner}
    end
    redis.call('HSET', KEYS[4], 'store', ARGV[5], 'seen', string.format('%.0f', now))
    if ARGV[2] == 'hold' then
      redis.call('ZADD', KEYS[2], string.format('%.0f', now + lease), ARGV[1])
      redis.call('HDEL', KEYS[5], ARGV[1])
    elseif ARGV[2] == 'end' then
      redis.call('ZREM', KEYS[2], ARGV[1])
      if redis.call('ZCARD', KEYS[2]) == 0 then
        redis.call('DEL', KEYS[4])
      end
    end
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - memory))
    local current = redis.pcall('GET', KEYS[1])
    if type(current) ~= 'string' then
      return ''
    end
    local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', now))
    local isKnown, commits, mayHave = ARGV[6] ~= '*', {}, false
    for place = 6, #ARGV - 1, 2 do commits[ARGV[place]] = tonumber(ARGV[place + 1]) end
    for _, node in ipairs(gone) do
      local before = tonumber(redis.call('HGET', KEYS[5], node) or '')
      if not before or not isKnown or (commits[node] or 0) > before then mayHave = true end
    end
    if mayHave and redis.call('SET', KEYS[3], '1', 'PX', ARGV[3], 'NX') then
      current = string.format('%.0f', math.max((tonumber(current) or 0) + 1, now))
      redis.call('SET', KEYS[1], current)
      for _, node in ipairs(gone) do
        redis.call('HSET', KEYS[5], node, string.format('%.0f', commits[node] or 0))
      end
      redis.call('PEXPIRE', KEYS[5], ARGV[4])
    end
    return current
    """
}

/// What a node does about its lease.
enum CacheLease {
  /// Redis has everything that the node has committed.
  case hold
  /// The node is catching up: the lease goes on to run out.
  case watch
  /// The node ends with nothing missed.
  case end

  var word: StaticString {
    switch self {
    case .hold: "hold"
    case .watch: "watch"
    case .end: "end"
    }
  }
}
