-- The standard association for wrk: the same requests as AssociationBenchmark's, as a cross-check of its figures.
--
--   wrk -t1 -c64 -d10s --latency -s Benchmarks/wrk/associate.lua http://127.0.0.1:8080 -- SERVICES KEY DEPTH
--
-- SERVICES: how many services there are, with the ids 1 to SERVICES (default 100000).
-- KEY: the bearer key, or "-" for none (default none). DEPTH: requests pipelined on a connection (default 1).
-- All but the customer of a request is made beforehand, for to make one in Lua costs as much as to answer it; a service gets
-- another customer each time. wrk waits for all answers of a pipelined batch before it sends the next one.

local customers = 20000
local services, depth = 100000, 1
-- How many services and interactions there are before they are sent again, with other customers.
local made = 50000
local first, rests = "", {}
local names = {}

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  services = tonumber(arguments[1]) or services
  local key = arguments[2]
  depth = tonumber(arguments[3]) or depth
  math.randomseed(20091205 + number)

  local start = '{"timestamp":"2009-05-12T12:05:12.145Z","interaction_id":"123ABCAADF'
  local after_interaction = '","media_type":1,"resource_id":5005,"resource_type":2,"disposition":10}'
  local credentials = ""
  if key and key ~= "-" then credentials = "Authorization: Bearer " .. key .. "\r\n" end
  first = "POST /customers/0004Va58A9"
  local form = "/services/%d HTTP/1.1\r\nHost: 127.0.0.1\r\n" .. credentials
    .. "Content-Type: application/json\r\nContent-Length: " .. (#start + 8 + #after_interaction)
    .. "\r\n\r\n" .. start .. "%08d" .. after_interaction

  for number = 1, made do rests[number] = string.format(form, math.random(1, services), number) end
  for number = 1, customers do names[number] = string.format("%06d", number - 1) end
end

function request()
  if depth == 1 then return first .. names[math.random(customers)] .. rests[math.random(made)] end
  local pieces = {}
  for place = 1, 3 * depth, 3 do
    pieces[place] = first
    pieces[place + 1] = names[math.random(customers)]
    pieces[place + 2] = rests[math.random(made)]
  end
  return table.concat(pieces)
end

function done(summary, latency, requests)
  local wrong = summary.errors.status
  io.write(string.format("answers that were not 2xx or 3xx: %d\n", wrong))
  io.write(string.format("p50 %.0f µs, p99 %.0f µs, p99.9 %.0f µs\n",
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
  if wrong > 0 then os.exit(1) end
end
