"""Parameters as they were published."""

from nwlab.model.jumps import Jumps
from nwlab.model.rate_balance import RateBalance

STOCHASTIC = RateBalance(
    kp0=5.217037178270165e-4,
    kd0=37.93422536389374,
    eta_p=1.2922283233062284,
    eta_d=1.785933208836627,
    g_min=1.4558148272052695e-7,
    g_max=6.857961268862245e-5,
)
"""A two-terminal film as a stochastic dynamical system, without its chance (Nat. Commun. 2025)."""

JUMPS = Jumps(rate=0.08243, exponent=2.78, smallest=6.3709e-4, largest=1.0194e-2)
"""The jumps of the same film; its noise is 3.2e-4 /√s."""

GRID_PULSE = RateBalance(
    kp0=8.422409820914783e-10,
    kd0=0.048697579017353006,
    eta_p=0.19999370301178968,
    eta_d=158.02444821482402,
    g_min=1.123825331225794e-3,
    g_max=3.0515679724941363e-3,
)
"""An edge of the grid graph, figure 2 of the reservoir (Nat. Mater. 2022); fitted through the legacy map."""

GRID_PATTERNS = RateBalance(
    kp0=2.555173332603108574e-06,
    kd0=64.88388862524891465,
    eta_p=34.92155165334443012,
    eta_d=5.590601016803570467,
    g_min=1.014708121672117710e-03,
    g_max=2.723493729125820492e-03,
)
"""The same, figures 3 to 5."""

CONNECTOME = RateBalance(kp0=1e-4, kd0=0.5, eta_p=10.0, eta_d=1.0, g_min=1e-3, g_max=0.1)
"""A junction of the random network (Neural Networks 2022)."""
