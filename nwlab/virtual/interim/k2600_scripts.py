"""The factory scripts that programs rely on, in the instrument's own language.

KISweep steps a source and measures at each step; KIPulse configures pulse trains, checks them, and plays them by tag.
Source: 2600BS-901-01, "Factory scripts".
"""

_SWEEP = """
local function sweep(smu, kind, levels, settle)
    local measure = kind == "v" and "i" or "v"
    smu.source.func = kind == "v" and smu.OUTPUT_DCVOLTS or smu.OUTPUT_DCAMPS
    smu.nvbuffer1.clear()
    smu.nvbuffer1.appendmode = 1
    smu.nvbuffer1.collecttimestamps = 1
    smu.nvbuffer1.collectsourcevalues = 1
    smu.source["level" .. kind] = levels[1]
    smu.source.output = smu.OUTPUT_ON
    for index = 1, table.getn(levels) do
        smu.source["level" .. kind] = levels[index]
        delay(settle)
        smu.measure[measure](smu.nvbuffer1)
    end
    smu.source["level" .. kind] = 0
    smu.source.output = smu.OUTPUT_OFF
end
local function linear(start, stop, points)
    local levels = {}
    for index = 1, points do
        levels[index] = points == 1 and start or start + (stop - start) * (index - 1) / (points - 1)
    end
    return levels
end
local function logarithmic(start, stop, points)
    local levels = {}
    for index = 1, points do
        levels[index] = points == 1 and start or start * (stop / start) ^ ((index - 1) / (points - 1))
    end
    return levels
end
local function shortened(list, points)
    local levels = {}
    for index = 1, points do levels[index] = list[index] end
    return levels
end
function SweepVLinMeasureI(smu, start, stop, settle, points) sweep(smu, "v", linear(start, stop, points), settle) end
function SweepILinMeasureV(smu, start, stop, settle, points) sweep(smu, "i", linear(start, stop, points), settle) end
function SweepVLogMeasureI(smu, start, stop, settle, points) sweep(smu, "v", logarithmic(start, stop, points), settle) end
function SweepILogMeasureV(smu, start, stop, settle, points) sweep(smu, "i", logarithmic(start, stop, points), settle) end
function SweepVListMeasureI(smu, list, settle, points) sweep(smu, "v", shortened(list, points), settle) end
function SweepIListMeasureV(smu, list, settle, points) sweep(smu, "i", shortened(list, points), settle) end
"""

_PULSE = """
local tests = {}
local function refusal(test)
    if test.points < 1 then return "points must be at least 1" end
    if test.ton <= 0 or test.toff <= 0 then return "pulse times must be above 0" end
    if test.smu.source["autorange" .. test.kind] ~= 0 then return "source autorange must be off" end
    if test.smu.measure["autorange" .. (test.kind == "v" and "i" or "v")] ~= 0 then
        return "measure autorange must be off"
    end
    if test.smu.measure.nplc / localnode.linefreq > test.ton then return "ton is shorter than the measurement" end
end
local function config(kind, smu, bias, level, limit, ton, toff, points, buffer, tag)
    local test = {kind = kind, smu = smu, bias = bias, level = level, limit = limit, ton = ton, toff = toff,
        points = points, buffer = buffer}
    local why = refusal(test)
    if why then return false, why end
    tests[tag] = test
    return true, "No errors detected in parameters."
end
function ConfigPulseVMeasureI(...) return config("v", unpack(arg)) end
function ConfigPulseIMeasureV(...) return config("i", unpack(arg)) end
function QueryPulseConfig(tag)
    local test = tests[tag]
    if not test then return nil end
    return {tostring = function() return "pulse test " .. tag end, points = test.points, ton = test.ton, toff = test.toff}
end
function InitiatePulseTest(tag)
    local test = tests[tag]
    if not test then return false, "no test has this tag" end
    local smu, level, limit = test.smu, "level" .. test.kind, "limit" .. (test.kind == "v" and "i" or "v")
    local measure = smu.measure[test.kind == "v" and "i" or "v"]
    local aperture = smu.measure.nplc / localnode.linefreq
    smu.measure.autozero = smu.AUTOZERO_ONCE
    smu.source.func = test.kind == "v" and smu.OUTPUT_DCVOLTS or smu.OUTPUT_DCAMPS
    smu.source[level] = test.bias
    for index = 1, test.points do
        local before = smu.source[limit]
        smu.source[limit] = test.limit
        smu.source[level] = test.level
        delay(math.max(0, test.ton - aperture - 100e-6))
        if test.buffer then measure(test.buffer) else measure() end
        smu.source[level] = test.bias
        smu.source[limit] = before
        delay(test.toff)
    end
    return true, "No errors detected."
end
"""

FACTORY_SCRIPTS = (_SWEEP, _PULSE)
